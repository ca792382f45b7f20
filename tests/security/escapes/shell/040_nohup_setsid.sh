# Jobs that have left the session, the group and the terminal.
nohup sleep @MARKER@ >/dev/null 2>&1 &
setsid sleep @MARKER@ >/dev/null 2>&1 &
setsid -f sleep @MARKER@; ( setsid sh -c 'setsid sleep @MARKER@ &' & ); disown 2>/dev/null
echo ATTEMPTED
