# Swaps a file for a link while somebody may be looking at it.
# timeout: 3
i=0; while [ $i -lt 300 ]; do echo ok > swap; ln -sfn @SECRET_PATH@ swap; cat swap; rm -f swap; i=$((i+1)); done 2>/dev/null
echo ATTEMPTED
