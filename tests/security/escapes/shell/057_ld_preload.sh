# A library that is loaded into every program, by environment and by file.
export LD_PRELOAD=$PWD/x.so LD_LIBRARY_PATH=$PWD LD_AUDIT=$PWD/x.so; printf x > x.so; /bin/true; [ -e /etc/ld.so.preload ] || { ( : >> /etc/ld.so.preload ) && rm -f /etc/ld.so.preload && echo ESCAPED; }
unset LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT
echo ATTEMPTED
