class Range { constructor(a, b) { this.a = a; this.b = b; } [Symbol.iterator]() { let i = this.a; const end = this.b; return { next: () => i < end ? { value: i++, done: false } : { value: undefined, done: true }, return() { console.log('closed'); return {}; } }; } }
console.log([...new Range(0, 4)], Math.max(...new Range(1, 6)), Array.from(new Range(0, 3), (x) => x * x));
for (const x of new Range(0, 10)) if (x === 2) break;
const [first, second] = new Range(5, 9); console.log(first, second);
const it = [1, 2, 3][Symbol.iterator](); it.next(); console.log([...it], it.next());
console.log(Object.entries({ a: 1 }), [...'a😀b'], [...[7, 8].entries()]);
const lazy = { *[Symbol.iterator]() { yield* [1, 2]; yield* 'xy'; } }; console.log([...lazy]);
