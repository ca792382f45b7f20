// assert, deep and strict.
const assert = require('assert');
assert.strictEqual(1, 1); assert.deepStrictEqual({ a: [1] }, { a: [1] });
for (const fails of [() => assert.equal(1, 2), () => assert.ok(0), () => assert.throws(() => {})]) { try { fails(); console.log('passed'); } catch (error) { console.log(error.name); } }
assert.throws(() => { throw new TypeError('x'); }, TypeError);
