# Writes what looks like frames of the protocol to both streams, raw.
printf '\003\000\000\000\000{"x"}'; printf '\003\000\000\000\000"Ok"' >&2
printf '\377\377\377\377\000'; head -c 100000 /dev/urandom | tr -d 'E' ; printf '\n'
echo ATTEMPTED
