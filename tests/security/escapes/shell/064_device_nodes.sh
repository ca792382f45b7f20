# Makes device nodes for the disk and the memory, and reads them.
mknod mem c 1 1 && head -c 1 mem && echo ESCAPED mem; mknod disk b 8 0 && head -c 1 disk && echo ESCAPED disk; mknod disk2 b 254 0 && head -c 1 disk2 >/dev/null && echo ESCAPED disk2; mknod kmsg c 1 11 && head -c 1 kmsg >/dev/null && echo ESCAPED kmsg
echo ATTEMPTED
