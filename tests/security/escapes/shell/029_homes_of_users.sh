# The homes of users, and whatever lies in temporary folders.
ls /root >/dev/null 2>&1 && [ -n "$(ls -A /root)" ] && echo ESCAPED /root was listed
for home in /home/*; do [ -d "$home" ] && [ -n "$(ls -A "$home" 2>/dev/null)" ] && echo ESCAPED "$home was listed"; done
ls /tmp 2>/dev/null | grep -q companion-canaries && echo ESCAPED /tmp is that of the host
echo ATTEMPTED
