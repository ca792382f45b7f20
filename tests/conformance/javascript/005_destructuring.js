const [a, , b = 5, ...rest] = [1, 2, undefined, 4, 5];
console.log(a, b, rest);
const { x, y: { z = 3, ...others } = {}, ...more } = { x: 1, y: { q: 1, r: 2 }, s: 4, t: 5 };
console.log(x, z, others, more);
function f({ name = 'anon', tags: [first, ...tail] = [] } = {}) { return [name, first, tail]; }
console.log(f(), f({ name: 'n', tags: [1, 2, 3] }));
let p = 1, q = 2; [p, q] = [q, p]; console.log(p, q);
for (const [k, v] of Object.entries({ one: 1, two: 2 })) console.log(k, v);
const { length } = 'hello'; console.log(length);
const key = 'dyn'; const { [key]: value = 'none' } = { dyn: 7 }; console.log(value);
try { const { a } = null; } catch (e) { console.log(e instanceof TypeError); }
