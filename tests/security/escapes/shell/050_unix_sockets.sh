# Sockets in the file system and abstract ones: those of the canaries, of docker, of the bus.
python3 -c 'import socket; s = socket.socket(1); s.connect("@UNIX_PATH@")'; python3 -c 'import socket; s = socket.socket(1); s.connect("\0@ABSTRACT_NAME@")'
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack_sockaddr_un("@UNIX_PATH@")); socket(T, AF_UNIX, SOCK_STREAM, 0); connect(T, pack_sockaddr_un("\0@ABSTRACT_NAME@"))'
nc -U -w 1 @UNIX_PATH@ </dev/null; socat - UNIX-CONNECT:@UNIX_PATH@ </dev/null; socat - ABSTRACT-CONNECT:@ABSTRACT_NAME@ </dev/null; curl -s -m 1 --unix-socket @UNIX_PATH@ http://x/
curl -s -m 1 --unix-socket /var/run/docker.sock http://x/info | grep -q . && echo ESCAPED docker; docker ps && echo ESCAPED docker
echo ATTEMPTED
