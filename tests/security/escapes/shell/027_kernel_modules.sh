# Loads code into the kernel, and asks for its secrets.
printf x > x.ko; insmod x.ko && echo ESCAPED; bpftool prog list && echo ESCAPED; dmesg | head -1 | grep -q . && echo ESCAPED dmesg
hostname "$(hostname)" 2>/dev/null && echo ESCAPED the name of the machine can be set
echo ATTEMPTED
