# Writes to the dot-files of a user by every way of writing.
for file in .bashrc .profile .ssh/authorized_keys .gitconfig .npmrc .vimrc .config/autostart/nothing.desktop .local/bin/tool; do
  target=@TARGET_DIR@/$file
  echo evil >> "$target"; cp /etc/passwd "$target"; mv "$target" "$target.bak"; rm -f "$target"; chmod 777 "$target"; truncate -s 0 "$target"; ln -sf /etc/passwd "$target"; touch -d 2000-01-01 "$target"; tee "$target" </dev/null; dd if=/dev/null of="$target"; sed -i s/a/b/ "$target"
done 2>/dev/null
echo ATTEMPTED
