# Raises the limits that hold it.
for limit in c d f l m n s t u v x; do ulimit -H$limit unlimited 2>/dev/null; ulimit -S$limit unlimited 2>/dev/null; done; prlimit --pid $$ --as=unlimited; renice -20 $$; ionice -c 1 -p $$; chrt -f 99 true && echo ESCAPED a real-time priority; echo -1000 > /proc/self/oom_score_adj && [ "$(cat /proc/self/oom_score_adj)" = -1000 ] && echo ESCAPED it cannot be killed
[ "$(ulimit -Hc)" = 0 ] || echo ESCAPED core dumps
echo ATTEMPTED
