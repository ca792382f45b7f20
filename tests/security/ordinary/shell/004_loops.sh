# for, while, until, break and continue.
for x in a b c; do [ $x = b ] && continue; echo $x; done
i=0; while [ $i -lt 3 ]; do i=$((i + 1)); echo $i; done; until [ $i -le 1 ]; do i=$((i - 1)); done; echo $i
