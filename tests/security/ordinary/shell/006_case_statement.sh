# case with patterns.
for word in apple.txt banana.sh 42 ''; do case $word in *.txt) echo text;; *.sh|*.py) echo program;; [0-9]*) echo number;; '') echo empty;; esac; done
