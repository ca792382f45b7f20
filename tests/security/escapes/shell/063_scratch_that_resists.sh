# A scratch folder that is hard to remove: no rights, odd names, sockets, immutable files.
mkdir -p a/b/c && touch a/b/c/d && chmod 000 a/b; touch -- '-rf' '*' "$(printf 'new\nline')" "$(printf '\033]0;x\007')"; mkfifo fifo; mknod device c 1 1 && head -c 1 device >/dev/null && echo ESCAPED a device; python3 -c 'import socket; socket.socket(1).bind("sock")'
echo ATTEMPTED
