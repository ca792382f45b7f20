# Files, appending, standard error, and a descriptor of one's own.
echo one > out; echo two >> out; { echo bad >&2; } 2> err; cat out err; exec 3> third; echo three >&3; exec 3>&-; cat < third; rm out err third; ls
