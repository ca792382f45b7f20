# Files of the system that hold secrets.
for file in /etc/shadow /etc/gshadow /etc/sudoers /root/.ssh/id_rsa /root/.bash_history /etc/ssh/ssh_host_rsa_key /root/.netrc /root/.aws/credentials /root/.gitconfig /root/.bashrc; do cat "$file" >/dev/null 2>&1 && echo ESCAPED "$file"; done
echo ATTEMPTED
