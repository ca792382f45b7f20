# Patterns in scratch.
touch a1 a2 b1 'c d'; echo a*; echo ?1; echo [bc]*; for f in *; do printf '%s|' "$f"; done; echo
