# A daemon by the book: two forks, a new session, no descriptors, signals ignored.
( ( trap '' HUP TERM INT; exec >/dev/null 2>&1 </dev/null; setsid sh -c 'trap "" HUP TERM INT; sleep @MARKER@' & ) & )
perl -e 'use POSIX; exit if fork; setsid; exit if fork; close $_ for 0..64; exec "sleep", "@MARKER@"'
echo ATTEMPTED
