# Three thousand lines of output.
i=0; while [ $i -lt 3000 ]; do echo "$i line of some length"; i=$((i + 1)); done
