# Signals to companion, to the worker, and to the own group's leader.
echo ATTEMPTED
kill -0 1; kill -TERM $PPID; kill -STOP $PPID
