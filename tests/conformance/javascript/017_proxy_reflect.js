const log = [];
const p = new Proxy({ a: 1 }, {
  get(t, k, r) { log.push(`get ${String(k)}`); return Reflect.get(t, k, r); },
  set(t, k, v) { log.push(`set ${k}`); if (k === 'bad') return false; return Reflect.set(t, k, v); },
  has(t, k) { return k.startsWith('x') || k in t; },
  deleteProperty(t, k) { log.push(`delete ${k}`); return delete t[k]; },
  ownKeys(t) { return [...Reflect.ownKeys(t), 'virtual']; },
  getOwnPropertyDescriptor(t, k) { return { value: t[k], enumerable: true, configurable: true }; },
});
p.b = p.a + 1; delete p.a;
console.log('xyz' in p, 'q' in p, Object.keys(p), log);
(() => { 'use strict'; try { p.bad = 1; } catch (e) { console.log(e.name); } })();
const f = new Proxy(function (a, b) { return a + b; }, { apply: (t, th, args) => t(...args) * 10, construct: (t, args) => ({ made: args }) });
console.log(f(1, 2), new f(1, 2));
console.log(Reflect.ownKeys({ b: 1, a: 2, 1: 0, [Symbol.iterator]: 0 }), Reflect.has({ x: 1 }, 'x'), Reflect.construct(Date, [0]).getTime());
const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); try { proxy.x; } catch (e) { console.log(e.name); }
const safe = new Proxy([10, 20, 30], { get: (t, k, r) => /^-\d+$/.test(String(k)) ? t[t.length + +k] : Reflect.get(t, k, r) }); console.log(safe[-1], safe.length);
