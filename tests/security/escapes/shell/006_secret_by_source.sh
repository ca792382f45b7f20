# Lets the shell itself read the secret: source, heredocs, errors that quote the line.
( . @SECRET_PATH@ ); sh @SECRET_PATH@; sh -c ". @SECRET_PATH@"; eval "$(cat @SECRET_PATH@)"; x=$(cat < @SECRET_PATH@) ; echo "$x"
bash -c 'mapfile -t a < @SECRET_PATH@; echo "${a[@]}"'
echo ATTEMPTED
