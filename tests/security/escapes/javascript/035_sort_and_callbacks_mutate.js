// Callbacks that change what native code is walking over.
console.log('ATTEMPTED');
const array = Array.from({ length: 1000 }, (_, i) => i);
for (const act of [() => array.sort(() => { array.length = 0; return 1; }), () => array.map(() => { array.length = 0; return 1; }), () => array.flatMap((x) => { array.push(x); if (array.length > 5000) throw 1; return x; }), () => array.splice({ valueOf() { array.length = 0; return 1; } }, 5), () => array.concat({ get length() { array.length = 0; return 5; }, [Symbol.isConcatSpreadable]: true }), () => JSON.stringify(array, (k, v) => { array.length = 0; return v; }), () => 'x'.replace(/x/, () => { RegExp.prototype[Symbol.replace] = null; return 'y'; }), () => new Map([[1, 2]]).forEach((v, k, m) => { m.clear(); m.set(k, v); m.delete(k); }), () => Array.prototype.includes.call({ length: 3, get 0() { throw 2; } }, 1)]) {
  try { act(); } catch (error) { console.log(typeof error); }
  array.length = 0; for (let i = 0; i < 1000; i++) array.push(i);
}
