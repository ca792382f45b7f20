# The environment and command lines of every process that can be seen.
for process in /proc/[0-9]*; do tr '\0' '\n' < "$process/environ"; done; cat /proc/1/environ; cat /proc/$PPID/environ
ps eww; ps auxe
echo ATTEMPTED
