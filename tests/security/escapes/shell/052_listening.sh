# Listens, so that somebody outside could come in.
( timeout 1 nc -l -p 0 & ) ; timeout 1 python3 -m http.server 0 & perl -MIO::Socket -e 'my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "0.0.0.0") and print "listens\n"'; wait
echo ATTEMPTED
