# timeout, nice and sleep in ordinary use.
timeout 5 echo in time; timeout 0.1 sleep 5; echo $?; nice -n 5 echo nice; sleep 0.05; echo slept
