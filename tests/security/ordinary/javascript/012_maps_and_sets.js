// Maps, sets, weak maps and their iteration.
const map = new Map([['a', 1], [NaN, 2], [{}, 3]]);
const set = new Set([3, 1, 3, 2]);
const weak = new WeakMap(); const key = {}; weak.set(key, 'v');
console.log(map.size, map.get(NaN), [...set].sort(), new Set([...set].filter((n) => n > 1)), weak.get(key), Object.fromEntries(new Map([['x', 1]])), Object.groupBy ? 'grouped' : 'grouped');
