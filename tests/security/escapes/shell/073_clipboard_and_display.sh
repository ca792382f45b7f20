# The display, the clipboard, notifications and keyrings of the user.
export DISPLAY=:0 WAYLAND_DISPLAY=wayland-0; xclip -o </dev/null && echo ESCAPED; wl-paste && echo ESCAPED; notify-send x && echo ESCAPED; secret-tool search x y && echo ESCAPED; gpg --list-secret-keys 2>/dev/null | grep -q sec && echo ESCAPED; ssh-add -l && echo ESCAPED; keyctl show @u && echo keyring; xdg-open http://127.0.0.1:@TCP_PORT@/
echo ATTEMPTED
