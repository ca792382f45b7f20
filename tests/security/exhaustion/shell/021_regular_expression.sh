# A pattern that goes back exponentially.
# expect: limit ok error
printf '%040d\n' 0 | tr 0 a | grep -E '^(a+)+b\1\1$'; printf '%0200d\n' 0 | tr 0 a | sed -E 's/(a*)*(a*)*(a*)*\3b//'; while :; do :; done
