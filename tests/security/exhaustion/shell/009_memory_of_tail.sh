# A tool that keeps all it reads.
# expect: limit ok error
head -c 2000000000 /dev/zero | tail > kept; rm -f kept; exit 1
