# Makes namespaces of its own inside the jail, to have capabilities there.
unshare -Ur id; unshare -Urn ip link; unshare -Urpf --mount-proc ps; unshare -m true && echo ESCAPED a mount namespace
unshare -Urm sh -c 'mount -t tmpfs x /tmp && echo ESCAPED mounted; cat @SECRET_PATH@'; nsenter -t 1 -a cat @SECRET_PATH@
echo ATTEMPTED
