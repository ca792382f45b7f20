# Editing streams.
printf 'hello world\nfoo bar\n' | sed -e 's/o/0/g' -e '2s/^/> /'; echo abc | tr a-c A-C; echo 'a,b,c' | cut -d, -f2; echo abc | rev
