# The environment of companion, by every name.
env; printenv; set; export -p; echo "$@VARIABLE@"; cat /proc/self/environ; tr '\0' '\n' < /proc/$$/environ
echo ATTEMPTED
