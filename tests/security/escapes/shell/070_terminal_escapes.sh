# Escape sequences in output and in the names of files and commands.
# run: terminal
echo ATTEMPTED
printf '\033]0;title\007\033]52;c;aGVsbG8=\007\033[2J\033[?1049h\033Pq~\033\\\033_Gf=100;AAAA\033\\\033]8;;http://x\033\\y\n'
printf '\302\2332J \342\200\256 \342\200\213\n'; "$(printf 'no\033]0;x\007such')" ; printf '\033]0;err\007' >&2; touch "$(printf 'f\033[2J')"; ls; tput reset
