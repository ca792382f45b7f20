const a = [1, 2], b = [3, ...a, ...'hi'];
console.log(b, Math.max(...a, 10));
const o = { a: 1, ...{ b: 2, a: 3 }, ...null, ...[9] };
console.log(o);
console.log([...new Set([1, 1, 2])], [...new Map([[1, 2]])], { ...'ab' });
function sum(...n) { return n.reduce((s, x) => s + x, 0); }
console.log(sum(), sum(1, 2, 3), sum.length);
console.log(new Date(...[2020, 0, 1]).getFullYear());
