# Folders in folders, deeper than a path can say.
# expect: limit ok error
( i=0; while [ $i -lt 3000 ]; do mkdir d && cd d || break; i=$((i + 1)); done ); exit 1
