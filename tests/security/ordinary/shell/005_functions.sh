# Functions, arguments, return and local variables.
add() { echo $(($1 + $2)); }
count() { echo $#; for one; do printf '<%s>' "$one"; done; echo; return 3; }
add 2 3; count a 'b c' d; echo $?
