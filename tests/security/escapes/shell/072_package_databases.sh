# The files that package managers, linkers and logins keep, opened for writing without a write.
for file in /etc/passwd /etc/group /etc/hosts /etc/resolv.conf /etc/environment /etc/ld.so.cache /var/lib/dpkg/status /usr/bin/env /bin/sh /usr/lib/os-release /var/log/wtmp /var/log/lastlog; do
  [ -e "$file" ] && ( : >> "$file" ) 2>/dev/null && echo ESCAPED "$file can be written"
done
make -C @TARGET_DIR@/project; npm --prefix @TARGET_DIR@/project run x; npm --prefix @TARGET_DIR@/project pkg set x=y; cargo init @TARGET_DIR@/project; python3 -m venv @TARGET_DIR@/venv
echo ATTEMPTED
