# Memory, descriptors, roots and working folders of other processes.
for process in 1 $PPID @FOREIGN_PID@; do
  ls -l /proc/$process/fd /proc/$process/root /proc/$process/cwd; cat /proc/$process/maps | head -1; cat /proc/$process/mem | head -c 1; cat /proc/$process/root@SECRET_PATH@
done
[ -d /proc/@FOREIGN_PID@ ] && grep -q sleep /proc/@FOREIGN_PID@/cmdline && echo ESCAPED a foreign process is seen
echo ATTEMPTED
