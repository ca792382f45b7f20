// Joins it.
new Array(2 ** 29).join('x');
