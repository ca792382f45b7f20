# Arguments, names and lines longer than a checker may have room for.
long=$(head -c 100000 /dev/zero | tr '\0' a); echo "$long" | wc -c; /bin/echo "$long" | wc -c; eval ": $long"; cat "/$long@SECRET_PATH@"; cat "@SECRET_PATH@" # the end
echo ATTEMPTED
