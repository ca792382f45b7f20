# A few bytes that become ten gigabytes.
# expect: limit ok error
head -c 100000000 /dev/zero | gzip | gzip > bomb.gz; while :; do gzip -dc bomb.gz | gzip -dc > out; done
