// The Function constructor by way of this, of literals, and of every prototype.
// advisory: CVE-2017-16088 (safe-eval), CVE-2017-16226 (static-eval)
for (const thing of [this, globalThis, {}, [], '', 1, true, () => {}, /x/, new Map(), Symbol(), 1n, Promise.resolve()]) {
  try {
    const make = thing.constructor.constructor;
    reach(make, make('return this')(), thing.constructor);
  } catch (error) { console.log(error.name); }
}
