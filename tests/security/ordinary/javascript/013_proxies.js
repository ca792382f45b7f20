// A proxy with defaults and checks; Reflect.
const strict = (target) => new Proxy(target, { get: (t, k, r) => { if (!(k in t) && typeof k === 'string') throw new ReferenceError(`no ${k}`); return Reflect.get(t, k, r); }, set: (t, k, v) => Reflect.set(t, k, typeof v === 'number' ? v * 2 : v), deleteProperty: () => false, has: (t, k) => k.startsWith('a') });
const p = strict({ a: 1 });
p.n = 21;
try { p.missing; } catch (error) { console.log(error.name, error.message); }
console.log(p.n, 'apple' in p, 'x' in p, Reflect.deleteProperty(p, 'a'), Reflect.ownKeys(p));
