# mktemp makes files and folders.
f=$(mktemp) && echo x > "$f" && cat "$f" && rm "$f"; d=$(mktemp -d) && touch "$d/y" && ls "$d" && rm -r "$d"
