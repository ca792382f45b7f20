// Prototypes by hand: create, setPrototypeOf, mixins.
const base = { hello() { return `hello ${this.name}`; } };
const made = Object.create(base, { name: { value: 'x', enumerable: true } });
const Mixin = (Base) => class extends Base { fly() { return 'flies'; } };
class Bird extends Mixin(Object) {}
function Old(name) { this.name = name; }
Old.prototype = Object.create(base);
console.log(made.hello(), new Bird().fly(), new Old('old').hello(), Object.hasOwn(made, 'hello'), base.isPrototypeOf(made));
