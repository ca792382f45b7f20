# A named pipe between two processes.
mkfifo pipe; echo through > pipe & cat pipe; wait; rm pipe
