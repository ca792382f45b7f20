# Stops itself.
kill -STOP $$
sleep 1000
