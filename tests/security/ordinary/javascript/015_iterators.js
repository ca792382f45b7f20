// Objects that can be iterated over; entries and spreading.
class Range { constructor(a, b) { this.a = a; this.b = b; } *[Symbol.iterator]() { for (let i = this.a; i < this.b; i++) yield i; } }
const [first, ...others] = new Range(1, 6);
console.log(first, others, Math.max(...new Range(0, 4)), Array.from(new Range(0, 3), (n) => n ** 2), [...'añ☃'].length, [...['a', 'b'].entries()]);
