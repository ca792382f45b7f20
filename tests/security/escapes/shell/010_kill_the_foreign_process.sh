# Signals to the foreign process by its number.
kill -9 @FOREIGN_PID@; kill -STOP @FOREIGN_PID@; sh -c 'kill -TERM @FOREIGN_PID@'; kill -0 @FOREIGN_PID@ && echo ESCAPED it can be signalled
skill -9 @FOREIGN_PID@; timeout -s KILL 1 kill -9 @FOREIGN_PID@
echo ATTEMPTED
