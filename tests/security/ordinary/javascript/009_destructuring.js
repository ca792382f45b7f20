// Destructuring with defaults, rest and nesting.
const { a, b: { c = 5, ...rest } = {}, ...others } = { a: 1, b: { d: 2, e: 3 }, f: 4 };
const [x, , y = 9, ...z] = [1, 2, undefined, 4, 5];
console.log(a, c, rest, others, x, y, z, (({ p = 1 } = {}, [q] = [2]) => p + q)());
