// Generators with next, return and throw.
function* inner() { try { const got = yield 1; yield got * 2; } finally { yield 'cleanup'; } }
function* outer() { const r = yield* inner(); return r; }
const g = outer();
console.log(g.next(), g.next(21), g.return('x'), g.next());
console.log([...(function* () { yield* [1, 2]; yield* 'ab'; })()]);
