# Puts hooks into a repository, and commands into its configuration.
cd @TARGET_DIR@/project; printf '#!/bin/sh\nid\n' > @TARGET_DIR@/project/.git/hooks/post-checkout; chmod +x @TARGET_DIR@/project/.git/hooks/pre-commit
git -C @TARGET_DIR@/project config core.fsmonitor 'touch x'; git config --global companion.test id; git -C @TARGET_DIR@/project config alias.x '!id'; echo '* filter=x' > @TARGET_DIR@/project/.gitattributes
git init --template=/tmp @TARGET_DIR@/project; git -C @TARGET_DIR@/project commit --allow-empty -m x
echo ATTEMPTED
