# Binds the secret's folder into the scratch folder.
mkdir -p here; mount --bind "$(dirname @SECRET_PATH@)" here; cat here/token; mount -t tmpfs none here && umount here && echo ESCAPED mounted
fusermount -u here; mount -o bind,ro here here && umount here && echo ESCAPED mounted
echo ATTEMPTED
