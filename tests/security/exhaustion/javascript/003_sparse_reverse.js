// Reverses it.
new Array(4294967295).reverse();
