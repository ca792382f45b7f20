// Native loops over a length that is a lie.
const liar = { length: 2 ** 53 - 1 };
Array.prototype.indexOf.call(liar, 1);
