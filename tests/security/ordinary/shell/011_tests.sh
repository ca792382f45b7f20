# test on strings, numbers and files.
touch file; mkdir folder; [ -f file ] && echo file; [ -d folder ] && echo folder; [ -e nothing ] || echo nothing; [ abc = abc ] && [ 3 -gt 2 ] && echo both; [ -z "" ] && echo empty; [ -s file ] || echo size
