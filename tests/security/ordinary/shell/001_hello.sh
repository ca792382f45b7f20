# The program that everybody writes first.
echo hello; printf '%s %d\n' world 42
