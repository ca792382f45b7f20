# Substitution, nested.
today=$(echo monday); echo "it is $(echo "$today" | tr a-z A-Z), $(printf '%s' "$(echo inner)")"
