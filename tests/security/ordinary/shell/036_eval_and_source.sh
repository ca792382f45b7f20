# eval, and a file that is read in.
command='echo evaluated'; eval "$command"; echo 'sourced() { echo from file; }; X=5' > lib; . ./lib; sourced; echo $X
