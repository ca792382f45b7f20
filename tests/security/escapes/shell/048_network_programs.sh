# Programs that connect: curl, wget, nc, telnet, ssh, ftp, socat, openssl.
curl -s -m 1 http://127.0.0.1:@TCP_PORT@/ & wget -T 1 -t 1 -qO- http://127.0.0.1:@TCP_PORT@/ & nc -w 1 127.0.0.1 @TCP_PORT@ </dev/null & wait
timeout 1 ssh -o BatchMode=yes -p @TCP_PORT@ 127.0.0.1; timeout 1 telnet 127.0.0.1 @TCP_PORT@ </dev/null; timeout 1 socat - TCP:127.0.0.1:@TCP_PORT@ </dev/null; timeout 1 openssl s_client -connect 127.0.0.1:@TCP_PORT@ </dev/null
echo x | nc -u -w 1 127.0.0.1 @UDP_PORT@; curl -s -m 1 file://@SECRET_PATH@
echo ATTEMPTED
