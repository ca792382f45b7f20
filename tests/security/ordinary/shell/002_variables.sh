# Variables, defaults, lengths and trimming.
name=file.tar.gz; unset empty
echo "${name%.gz} ${name%%.*} ${name#*.} ${name##*.} ${#name} ${empty:-default} ${name:+set}"
