# Becomes somebody else, or gives files to somebody else.
touch mine; chown 1000 mine; chgrp 1 mine; newgrp root </dev/null; setpriv --reuid 0 id; perl -e '$> = 0; $< = 0; open F, "/etc/shadow" and print "ESCAPED\n"'; login -f root </dev/null; ssh -o BatchMode=yes root@localhost true && echo ESCAPED
echo ATTEMPTED
