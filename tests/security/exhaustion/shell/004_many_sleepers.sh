# A thousand processes at the same time.
# expect: limit ok error
i=0; while [ $i -lt 1000 ]; do sleep 5 & i=$((i + 1)); done; wait
