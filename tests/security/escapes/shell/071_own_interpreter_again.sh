# Starts companion itself, as a worker and as a program, from inside.
for program in /proc/$PPID/exe /proc/1/exe companion; do echo x | timeout 1 "$program" __companion-kernel; timeout 1 "$program" run -c 'print(open("@SECRET_PATH@").read())'; timeout 2 "$program" run --lang sh -c 'cat @SECRET_PATH@'; timeout 1 "$program" history; done 2>/dev/null
echo ATTEMPTED
