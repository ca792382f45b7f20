# A few megabytes in files, and a few hundred files.
head -c 5000000 /dev/zero > big; wc -c < big; i=0; while [ $i -lt 300 ]; do echo $i > f$i; i=$((i + 1)); done; ls f* | wc -l; cat f1 f299
