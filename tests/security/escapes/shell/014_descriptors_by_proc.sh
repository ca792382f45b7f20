# Opens the descriptors of the worker through procfs.
for process in $PPID 1 self; do for fd in 0 1 2 3 4 5 6 7 8 9; do timeout 0.1 head -c 5 /proc/$process/fd/$fd; echo x > /proc/$process/fd/$fd; done; done 2>/dev/null
echo ATTEMPTED
