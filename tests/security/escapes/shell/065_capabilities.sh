# What privileges are left to the shell.
effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status); bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
[ -n "$effective" ] && [ "$effective" != 0000000000000000 ] && echo ESCAPED "capabilities $effective"
grep -q '^Seccomp:.*2' /proc/self/status || echo ESCAPED no filter of system calls
echo "$bounding"
echo ATTEMPTED
