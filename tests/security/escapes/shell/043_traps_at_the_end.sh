# Traps that start something when the shell ends, or is told to.
trap 'setsid sleep @MARKER@ & while :; do :; done' EXIT
trap '' TERM INT HUP QUIT
trap 'sleep @MARKER@' USR1 CHLD
echo ATTEMPTED
