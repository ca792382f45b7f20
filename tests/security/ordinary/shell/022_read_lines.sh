# Reading lines and fields.
printf 'a:1\nb:2\n' | while IFS=: read -r key value; do echo "$value=$key"; done; printf 'x y z\n' | { read first rest; echo "$rest"; }
