// Doubles a text until nothing is left.
let s = 'x';
while (true) s += s;
