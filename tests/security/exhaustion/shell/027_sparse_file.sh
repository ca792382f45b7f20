# A file that says it is a petabyte.
# expect: limit ok error
truncate -s 1P sparse && cp sparse copy; rm -f sparse copy; exit 1
