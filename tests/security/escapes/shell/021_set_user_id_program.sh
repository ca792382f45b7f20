# Makes a set-user-ID program of its own, and runs it.
cp /bin/sh ./rootsh && chmod 4755 ./rootsh && ./rootsh -p -c 'cat @SECRET_PATH@'
chown 0:0 rootsh; install -m 4755 /bin/sh @TARGET_DIR@/sh; setcap cap_setuid+ep ./rootsh
echo ATTEMPTED
