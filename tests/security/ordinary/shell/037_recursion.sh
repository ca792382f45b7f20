# A factorial by recursion.
factorial() { [ "$1" -le 1 ] && echo 1 || echo $(($1 * $(factorial $(($1 - 1))))); }
factorial 10
