// A loop in a generator in an eval, counted.
// fuel: 100000
// expect: limit
(0, eval)('for (const x of (function* () { for (;;) yield 1; })());');
