# Sleeps for a thousand seconds.
sleep 1000
