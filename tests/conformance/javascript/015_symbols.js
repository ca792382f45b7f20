const s = Symbol('desc'), t = Symbol.for('shared');
console.log(s.toString(), s.description, t === Symbol.for('shared'), Symbol.keyFor(t), typeof s);
const o = { [s]: 1, regular: 2 };
console.log(o, Object.keys(o), Object.getOwnPropertySymbols(o), JSON.stringify(o));
class Temp { constructor(v) { this.v = v; } [Symbol.toPrimitive](hint) { return hint === 'number' ? this.v : `T(${this.v},${hint})`; } get [Symbol.toStringTag]() { return 'Temp'; } }
const x = new Temp(5);
console.log(+x, `${x}`, x + '', Object.prototype.toString.call(x), x);
class Even { static [Symbol.hasInstance](n) { return n % 2 === 0; } }
console.log(2 instanceof Even, 3 instanceof Even);
try { s + ''; } catch (e) { console.log(e.name); }
