# A child that holds the output open after the shell has ended.
# timeout: 2
( while :; do sleep 0.2; echo still; done ) &
echo ATTEMPTED
exit 0
