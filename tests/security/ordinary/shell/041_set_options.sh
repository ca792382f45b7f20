# set -e, -u and -f.
sh -ec 'echo before; false; echo after'; sh -uc 'echo $nothing' 2>/dev/null; [ $? -ne 0 ] && echo unset; set -f; echo *; set +f
