// Objects that are hostile to whoever prints them: getters, proxies, cycles, lying prototypes.
console.log('ATTEMPTED');
const things = [
  { get x() { reach(this); throw 1; } },
  new Proxy([], { get() { throw 1; }, ownKeys() { throw 2; }, getPrototypeOf() { throw 3; } }),
  Object.create({ get constructor() { reach(globalThis); throw 1; } }),
  { [Symbol.toStringTag]: { toString() { throw 1; } } },
  Object.defineProperty(function () {}, 'name', { get() { throw 1; } }),
  Object.setPrototypeOf(new Map(), null), Object.setPrototypeOf(new Date(NaN), null),
  Object.defineProperties(new Error(), { stack: { value: { toString() { throw 1; } } }, name: { value: {} }, message: { value: [] } }),
  { length: 2 ** 53, __proto__: Array.prototype }, Object.assign([], { '-1': 1, x: 2 }), new Array(4294967295),
  { toString: null, valueOf: null, [Symbol.toPrimitive]: 5 }, Object.create(null), document_ = class { static get [Symbol.species]() { throw 1; } },
];
var document_;
for (const thing of things) { try { console.log(thing); } catch (error) { console.log('threw', typeof error); } }
things;
