# The plainest loop.
while :; do :; done
