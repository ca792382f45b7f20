// Sorts an array that has a length and nothing else.
new Array(4294967295).sort();
