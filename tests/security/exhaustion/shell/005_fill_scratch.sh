# Fills the scratch folder with one file, three hundred megabytes of it.
# expect: limit ok error
head -c 300000000 /dev/zero > big; ls -l big | awk '{ exit $5 >= 300000000 }' ; rm -f big; exit 1
