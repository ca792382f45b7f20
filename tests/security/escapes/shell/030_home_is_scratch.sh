# HOME, the working folder and TMPDIR are private and empty.
[ "$HOME" = /root ] && echo ESCAPED HOME; case $HOME in /home/*) echo ESCAPED HOME;; esac
ls -A ~ | grep -q . && [ -e ~/.ssh ] && echo ESCAPED; cat ~/.ssh/id_ed25519 ~/.netrc ~root/.profile
( : >> ~/.profile ) && sh -lc true
echo ATTEMPTED
