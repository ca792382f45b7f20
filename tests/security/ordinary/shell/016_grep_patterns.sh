# Searching.
printf 'one 1\ntwo\nthree 33\n' > text; grep -c . text; grep -n 'e' text; grep -E '[0-9]{2}' text; grep -v o text; grep -q two text && echo found; grep -o '[a-z]*' text | head -1
