# Raw sockets, packet sockets, netlink.
perl -e 'use Socket; print "ESCAPED raw\n" if socket(S, AF_INET, SOCK_RAW, 1)'; perl -e 'print "ESCAPED packet\n" if socket(S, 17, 3, 768)'
python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW); print("ESCAPED")'; python3 -c 'import socket; socket.socket(40, 1); print("ESCAPED vsock")'; tcpdump -c 1 -i any & sleep 0.2; kill $! 2>/dev/null
echo ATTEMPTED
