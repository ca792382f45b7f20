# Tools that read files for their caller: tar, find, grep, diff, sort, xargs, awk.
tar cf - @SECRET_PATH@ | tar xOf -; find "$(dirname @SECRET_PATH@)" -type f -exec cat {} +; grep -r canary "$(dirname @SECRET_PATH@)"
diff /dev/null @SECRET_PATH@; sort @SECRET_PATH@; echo @SECRET_PATH@ | xargs cat; awk '{print}' @SECRET_PATH@; sed p @SECRET_PATH@; cut -c1- @SECRET_PATH@
echo ATTEMPTED
