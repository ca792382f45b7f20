// eval and new Function of small things.
const add = new Function('a', 'b', 'return a + b');
var x = 10;
console.log(add(2, 3), eval('x * 2'), (0, eval)('typeof x'), new Function('return this')() === globalThis, add.name, [].constructor.name);
