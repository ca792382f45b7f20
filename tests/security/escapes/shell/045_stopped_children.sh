# Children that are stopped do not see the end of their group.
# timeout: 1
sleep @MARKER@ & kill -STOP $!
setsid sh -c 'kill -STOP $$; sleep @MARKER@' &
echo ATTEMPTED
kill -STOP $$
