# Jobs for later: crontab, at, batch, systemd timers, anacron.
echo '' | crontab -u nobody - && crontab -u nobody -r && echo ESCAPED crontab; echo 'sleep @MARKER@' | at now && echo ESCAPED at; echo 'sleep @MARKER@' | batch && echo ESCAPED batch
systemd-run --user sleep @MARKER@ && echo ESCAPED; systemd-run sleep @MARKER@ && echo ESCAPED; systemctl --user enable x && echo ESCAPED; busctl list && echo ESCAPED a bus; dbus-send --system --dest=org.freedesktop.systemd1 / x.y && echo ESCAPED
echo ATTEMPTED
