// Accessors, symbols, and conversions to primitives.
const temperature = { celsius: 20, get fahrenheit() { return this.celsius * 1.8 + 32; }, set fahrenheit(f) { this.celsius = (f - 32) / 1.8; }, [Symbol.toPrimitive]: (hint) => (hint === 'number' ? 20 : `T(${hint})`), [Symbol.toStringTag]: 'Temp' };
temperature.fahrenheit = 212;
console.log(temperature.celsius, +temperature, `${temperature}`, Object.prototype.toString.call(temperature), Symbol('x').description, Symbol.for('k') === Symbol.for('k'));
