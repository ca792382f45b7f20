# Processes that start processes; at most two thousand, and none for longer than five seconds.
# expect: limit ok error
bomb() { [ "$1" -gt 10 ] || { bomb $(($1 + 1)) & bomb $(($1 + 1)) & sleep 5; }; }
bomb 0; wait
