// What console.log shows of many things.
console.log([1, 'a', null, undefined, true], { a: { b: { c: { d: 1 } } } }, () => {}, class A {}, Symbol('s'), new Map([[1, { x: 2 }]]), new Set(['a']), /x/g, [, 1], -0, 10n);
console.log('%s is %d years and %i, %f, %j %o %%', 'Bob', 42, 42.9, 1.5, { a: 1 }, [1]);
