// Maps, sets and weak maps without end.
const map = new Map(), weak = new WeakMap(), keep2 = [];
for (let i = 0; ; i++) { map.set(i, i); const key = {}; keep2.push(key); weak.set(key, key); }
