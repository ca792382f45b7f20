# Fills the scratch folder with fifty thousand files.
# expect: limit ok error
i=0; while [ $i -lt 50000 ]; do : > f$i || break; i=$((i + 1)); done; rm -f f*; exit 1
