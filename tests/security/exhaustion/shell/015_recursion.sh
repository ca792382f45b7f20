# A function that calls itself.
f() { f; }; f
