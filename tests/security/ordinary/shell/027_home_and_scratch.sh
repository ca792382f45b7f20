# The home is a folder that can be written to.
cd; echo data > file; cat ~/file; [ -w "$HOME" ] && echo writable; mkdir -p ~/.config/tool && echo made; rm -r file .config
