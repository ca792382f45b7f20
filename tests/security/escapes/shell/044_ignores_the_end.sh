# A loop that ignores every signal that can be ignored, past its time.
# timeout: 1
echo ATTEMPTED
trap '' HUP INT QUIT TERM ALRM XCPU USR1 USR2 PIPE
while :; do sleep 0.1; done
