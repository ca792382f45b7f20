# Named pipes and locks in places that others read.
mkfifo @TARGET_DIR@/pipe; mkfifo here; ( timeout 0.5 cat here & ); echo x > here; flock @TARGET_DIR@/.bashrc true && [ -e @TARGET_DIR@/.bashrc ] && echo ESCAPED a lock; ( exec 9>@TARGET_DIR@/held )
echo ATTEMPTED
