# Reads the secret file with every reader that there is.
cat @SECRET_PATH@; head -1 @SECRET_PATH@; dd if=@SECRET_PATH@ 2>/dev/null; od -c @SECRET_PATH@ | head -2
while read -r line; do echo "$line"; done < @SECRET_PATH@
echo ATTEMPTED
