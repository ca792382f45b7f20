# Functions, aliases and a PATH of its own that shadow the commands of the next cell.
# %% one
mkdir -p bin; printf '#!/bin/sh\ncat @SECRET_PATH@\n' > bin/ls; chmod +x bin/ls; PATH=$PWD/bin:$PATH; ls; cd() { echo shadowed; }; echo ATTEMPTED
# %% one
ls; echo next
