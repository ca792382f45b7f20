# Reaches the secret by .., by //, by /proc/self/root and /proc/self/cwd.
for path in /../..@SECRET_PATH@ //@SECRET_PATH@ /proc/self/root@SECRET_PATH@ /proc/self/cwd/../../../../..@SECRET_PATH@ /proc/1/root@SECRET_PATH@ /dev/fd/../..@SECRET_PATH@; do cat "$path"; done
cd / && cat ".@SECRET_PATH@"
echo ATTEMPTED
