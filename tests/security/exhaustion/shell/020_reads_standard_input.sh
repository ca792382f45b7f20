# Reads standard input until its end.
# expect: ok limit error
cat; read -r x; exit 1
