// A number that is multiplied by itself.
let x = 3n;
for (;;) x *= x;
