# Leaves files in the temporary folders and the shared memory of the host.
for folder in /tmp /var/tmp /dev/shm /run/lock /var/lock /run/user/0 /dev/mqueue; do touch $folder/x@MARKER@; mkfifo $folder/f@MARKER@; done 2>/dev/null
echo ATTEMPTED
