# Opens files until there are no more descriptors.
# expect: limit ok error
bash -c 'for n in $(seq 10 5000); do eval "exec $n>/dev/null" || exit 1; done'; exit 1
