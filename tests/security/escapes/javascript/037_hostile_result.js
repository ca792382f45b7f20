// A result that is hostile to the printer: a proxy without end, in a getter, in a promise.
console.log('ATTEMPTED');
const endless = new Proxy({}, { ownKeys: () => Array.from({ length: 100 }, (_, i) => `k${i}`), getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: endless }), get: () => endless, has: () => true });
const tree = { get a() { return tree; }, b: endless, [Symbol.for('nodejs.util.inspect.custom')]: () => tree };
tree;
