# A pipeline of the usual tools.
printf 'pear\napple\nfig\napple\n' | sort | uniq -c | sort -rn | awk '{print $2, $1}' | head -2
