const o = { d: new Date(0), r: /x/gi, m: new Map([['k', new Set([1])]]), u: new Uint8Array([1, 2]), n: null, un: undefined, big: 1n, nested: [1, [2]] };
o.self = o; const c = structuredClone(o);
console.log(c, c !== o, c.self === c, c.m !== o.m, c.d instanceof Date, c.u instanceof Uint8Array);
for (const bad of [() => {}, Symbol('s'), new WeakMap(), { f() {} }]) { try { structuredClone(bad); } catch (e) { console.log(e.name, e instanceof DOMException, e.code); } }
class P { x = 1; get y() { return 2; } } console.log(structuredClone(new P()), structuredClone(Object.create({ inherited: 1 })));
const e = structuredClone(new RangeError('r', { cause: 'c' })); console.log(e.name, e.message, e.cause, e instanceof RangeError);
const buf = new ArrayBuffer(4); const moved = structuredClone(buf, { transfer: [buf] }); console.log(moved.byteLength, buf.byteLength);
console.log(structuredClone([1, , 3]), structuredClone(new Number(3)), structuredClone('s'), structuredClone({ a: { b: { c: { d: 1 } } } }));
