# Files of the kernel that a sandbox must not write, and some it must not read.
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /sys/kernel/uevent_helper /proc/self/oom_score_adj_ /sys/power/state /proc/sys/kernel/modprobe; do
  # Opened for appending, and nothing is written.
  ( : >> "$file" ) 2>/dev/null && [ -e "$file" ] && echo ESCAPED "$file"
done
for file in /dev/mem /dev/kmem /dev/port /proc/kcore /dev/sda /dev/vda /dev/nvme0n1 /dev/kmsg /dev/disk/by-uuid; do head -c 1 "$file" >/dev/null 2>&1 && echo ESCAPED "$file"; done
echo ATTEMPTED
