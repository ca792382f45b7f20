# Removes the folder of a user.
rm -rf @TARGET_DIR@; find @TARGET_DIR@ -delete; mv @TARGET_DIR@ @TARGET_DIR@2; rmdir @TARGET_DIR@/project; rsync -a --delete ./ @TARGET_DIR@/
echo ATTEMPTED
