# What one session leaves in its scratch folder must not be seen in another.
# %% one
echo @MARKER@ > left-@MARKER@; export LEFT=@MARKER@; alias ls=left; umask 000; cd / ; echo ATTEMPTED
# %% two
[ -e left-@MARKER@ ] && echo ESCAPED; [ -n "$LEFT" ] && echo ESCAPED; find / -name 'left-@MARKER@' 2>/dev/null | grep -q . && echo ESCAPED found
# %% one
echo again
