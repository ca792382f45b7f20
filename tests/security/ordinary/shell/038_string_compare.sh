# Sorting of every kind.
printf '10\n9\n100\n' | sort; printf '10\n9\n100\n' | sort -n; printf 'b 2\na 3\nc 1\n' | sort -k2; printf 'a\nA\nb\n' | sort -f | uniq -i | wc -l; printf '1.10\n1.9\n' | sort -V
