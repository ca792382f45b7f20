// Prints without end.
// expect: limit
for (;;) console.log('x'.repeat(1000));
