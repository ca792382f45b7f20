# Puts a link to the secret into the scratch folder, and follows it.
ln -s @SECRET_PATH@ link; cat link; cat ./link/.; ln @SECRET_PATH@ hard; cat hard; cp -L link copy; cat copy
ln -s / root; cat "root@SECRET_PATH@"; readlink -f link >/dev/null
echo ATTEMPTED
