const m = new Map([['a', 1], [NaN, 'nan'], [0, 'zero']]);
m.set({}, 'obj').set('a', 2);
console.log(m.get(NaN), m.get(-0), m.size, m.has('b'), [...m.keys()].length, m);
m.delete('a'); m.forEach((v, k) => console.log(k, '=>', v));
const s = new Set('mississippi'); s.add('z').delete('m');
console.log([...s].join(''), s.size, s);
const groups = new Map(); for (const w of ['apple', 'bob', 'cat', 'axe']) { const k = w.length; groups.set(k, [...(groups.get(k) ?? []), w]); }
console.log(groups, Object.fromEntries(groups));
const ws = new WeakSet(), wm = new WeakMap(), key = {}; ws.add(key); wm.set(key, 1);
console.log(ws.has(key), wm.get(key), wm.has({}), wm, ws);
console.log(new Map([[1, new Map([[2, new Set([3])]])]]));
