# Quotes of every kind.
a='x  y'; echo $a; echo "$a"; echo '$a' "\$a" "it's" 'say "hi"' a\ b; set -- "$a" z; echo "$#" "$1" "$*"
