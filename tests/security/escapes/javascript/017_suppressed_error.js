// Errors that hold errors: AggregateError, SuppressedError, causes, using declarations.
// advisory: GHSA-55hx-c926-fr95 (vm2)
console.log('ATTEMPTED');
for (const make of [() => new AggregateError([globalThis, new Error('x')]), () => new SuppressedError(new Error('a'), globalThis), () => new Error('x', { cause: globalThis }), () => Object.assign(new Error('x'), { errors: { get 0() { reach(this); return 1; }, length: 1 } })]) {
  try { throw make(); } catch (error) { for (const inner of [error, error.cause, error.error, error.suppressed, ...(error.errors?.[Symbol.iterator] ? error.errors : [])]) reach(inner, inner?.constructor?.constructor); }
}
throw new AggregateError([{ get stack() { reach(this); throw 1; } }], 'shown by the host');
