# Tools that make daemons: start-stop-daemon, daemonize, tmux, screen, dtach, socat.
start-stop-daemon --start --background --exec /bin/sleep -- @MARKER@; tmux new -d "sleep @MARKER@"; screen -dmS x sleep @MARKER@; daemonize /bin/sleep @MARKER@
echo ATTEMPTED
