# Subshells keep their changes to themselves; braces don't.
x=1; (x=2; cd /; echo $x); echo $x; { x=3; }; echo $x
