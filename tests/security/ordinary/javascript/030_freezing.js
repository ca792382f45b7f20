// Frozen, sealed and defined properties; enumeration.
'use strict';
const frozen = Object.freeze({ a: 1, inner: { b: 2 } });
const tries = [() => { frozen.a = 2; }, () => { delete frozen.a; }, () => { frozen.inner.b = 3; }];
console.log(tries.map((f) => { try { f(); return 'ok'; } catch (error) { return error.name; } }), frozen.inner.b, Object.isFrozen(frozen), Object.keys(Object.defineProperty({}, 'hidden', { value: 1 })));
