# A program that starts itself.
# expect: limit ok error
echo 'sh ./again' > again; sh ./again; rm -f again; exit 1
