# Exit codes, && and ||, negation.
true && echo yes; false || echo no; ! false && echo negated; (exit 7); echo $?; sh -c 'exit 3'; echo $?; false; echo $?
