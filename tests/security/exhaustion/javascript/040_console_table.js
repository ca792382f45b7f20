// Prints a table of a million rows.
console.table(Array.from({ length: 1_000_000 }, (_, i) => ({ i })));
