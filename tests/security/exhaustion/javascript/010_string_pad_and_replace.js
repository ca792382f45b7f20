// Pads and replaces to sizes that no machine has.
let s = 'a'.repeat(2 ** 20);
for (;;) s = s.replaceAll('a', s).padEnd(2 ** 29);
