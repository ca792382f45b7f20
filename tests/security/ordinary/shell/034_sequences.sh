# seq, head, tail, nl, tac, shuf with order restored.
seq 1 5 | tail -2; seq 3 | tac; seq 10 | head -3 | nl -w1 -s:; seq 5 | shuf | sort -n | paste -sd,
