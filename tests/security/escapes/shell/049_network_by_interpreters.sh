# Connections by whatever interpreter is installed.
python3 -c 'import socket; socket.create_connection(("127.0.0.1", @TCP_PORT@), 1)'
perl -MIO::Socket -e 'IO::Socket::INET->new("127.0.0.1:@TCP_PORT@") and print "ESCAPED"'
ruby -rsocket -e 'TCPSocket.new("127.0.0.1", @TCP_PORT@)'; node -e 'require("net").connect(@TCP_PORT@)'; php -r 'fsockopen("127.0.0.1", @TCP_PORT@);'; gawk 'BEGIN { print "x" |& "/inet/tcp/0/127.0.0.1/@TCP_PORT@" }'
echo ATTEMPTED
