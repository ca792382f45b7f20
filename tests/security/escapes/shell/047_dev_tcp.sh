# Connections by the shell's own devices.
bash -c 'exec 3<>/dev/tcp/127.0.0.1/@TCP_PORT@ && echo hello >&3 && echo ESCAPED tcp'
bash -c 'echo x > /dev/udp/127.0.0.1/@UDP_PORT@'; bash -c 'cat < /dev/tcp/localhost/@TCP_PORT@'
echo ATTEMPTED
