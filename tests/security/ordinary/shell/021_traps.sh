# A trap at the end, and one for a signal.
trap 'echo bye' EXIT; trap 'echo usr1' USR1; kill -USR1 $$; echo here
