// Breaks everything that the next cell's printing could use; the cell has to come all the same.
// %% one
console.log('ATTEMPTED');
for (const proto of [Array.prototype, String.prototype, Map.prototype, Set.prototype, Promise.prototype, RegExp.prototype, Function.prototype]) for (const name of Reflect.ownKeys(proto)) { if (name === 'constructor') continue; try { Object.defineProperty(proto, name, { value() { throw new Error('broken'); }, configurable: true }); } catch (error) { /* frozen */ } }
// %% one
1 + 1
// %% one
({ a: [1, 'x', new Map([[1, 2]])] })
// %% one
null.x
// %% one
await 5
