# Finding files in scratch.
mkdir -p a/b; touch a/x.txt a/b/y.txt a/b/z.log; find a -name '*.txt' | sort; find a -type d | sort; find a -name '*.log' -exec echo found {} \;
