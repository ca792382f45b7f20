# A job in the background that would outlive its cell.
sleep @MARKER@ &
( sleep @MARKER@ & )
echo ATTEMPTED
