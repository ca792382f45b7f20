// Prints one text of a hundred megabytes.
// expect: limit error
console.log('x'.repeat(50_000_000));
