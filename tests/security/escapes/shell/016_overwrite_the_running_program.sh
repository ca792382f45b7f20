# Overwrites the binary that runs us, through /proc/self/exe of the parent.
# advisory: CVE-2019-5736 (runc)
for process in $PPID 1 self; do target=$(readlink /proc/$process/exe); ( : >> /proc/$process/exe ) 2>/dev/null && echo ESCAPED "$target can be written"; done
echo ATTEMPTED
