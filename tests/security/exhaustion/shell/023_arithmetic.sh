# A sum that does not end, and one with a huge exponent.
bash -c 'echo $((9**9**9))'; i=0; while :; do i=$((i + 1)); done
