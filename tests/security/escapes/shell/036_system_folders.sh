# Writes where the system would run it: cron, profile, units, programs, libraries.
for folder in /etc /etc/cron.d /etc/cron.hourly /etc/profile.d /etc/sudoers.d /etc/systemd/system /usr/bin /usr/local/bin /usr/lib /var/spool/cron/crontabs /var/lib /opt /srv /root /run / /dev; do
  touch $folder/x@MARKER@; mkdir $folder/d@MARKER@; ln -s /bin/sh $folder/l@MARKER@
done 2>/dev/null
echo ATTEMPTED
