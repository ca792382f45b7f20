// Fills an array of a billion.
new Array(1e9).fill(0);
