# awk: sums, arrays, formats.
printf 'a 1\nb 2\na 3\n' | awk '{ s[$1] += $2; n++ } END { for (k in s) print k, s[k] | "sort"; close("sort"); printf "%d rows %.1f\n", n, n / 2 }'
