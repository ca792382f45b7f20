// Makes an array of an object that says it is long.
Array.from({ length: 4294967295 });
