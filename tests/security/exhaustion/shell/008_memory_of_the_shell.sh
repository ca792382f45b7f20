# A variable that doubles.
x=x; while :; do x=$x$x; done
