// yield* and return of an async generator with a thenable that throws.
// advisory: CVE-2026-45411 (vm2)
(async () => {
  const thenable = { get then() { reach(globalThis); throw { toString() { reach(this.constructor.constructor); return 'x'; } }; } };
  async function* inner() { try { yield 1; } finally { yield 2; } }
  async function* outer() { yield* { [Symbol.asyncIterator]: () => ({ next: () => ({ done: false, value: thenable }), return: (v) => { reach(v); return thenable; }, throw: (e) => { reach(e?.constructor?.constructor); return { done: true }; } }) }; }
  for (const make of [inner, outer]) {
    const generator = make();
    for (const step of [() => generator.next(), () => generator.return(thenable), () => generator.throw(new Error('x'))]) { try { await step(); } catch (error) { reach(error?.constructor?.constructor); } }
  }
  console.log('ATTEMPTED');
})();
