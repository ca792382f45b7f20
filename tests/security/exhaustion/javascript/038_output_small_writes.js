// Prints without end, letter by letter, on both streams.
// expect: limit
for (;;) { process.stdout.write('x'); process.stderr.write('y'); }
