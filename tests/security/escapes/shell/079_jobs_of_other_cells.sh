# A job in the background must be gone in the next cell.
# %% one
( sleep @MARKER@ & ); nohup sh -c 'sleep 0.5; cat @SECRET_PATH@; touch late' >/dev/null 2>&1 & echo ATTEMPTED
# %% one
sleep 1; [ -e late ] && echo ESCAPED it ran on; pgrep -x sleep && echo ESCAPED it is still there; echo next
