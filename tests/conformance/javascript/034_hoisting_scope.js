console.log(typeof hoisted, hoisted(), typeof v, (() => { try { return typeof t; let t; } catch (e) { return e.name; } })());
function hoisted() { return 'up'; } var v = 1; { var v = 2; let v2 = 3; } console.log(v, typeof v2);
if (true) { function inner() { return 'block'; } } console.log(inner());
let x = 'outer'; { let x = 'inner'; console.log(x); } console.log(x);
(function () { undeclared = 5; })(); console.log(undeclared, delete globalThis.undeclared, typeof undeclared);
const fact = function f(n) { return n <= 1 ? 1 : n * f(n - 1); }; console.log(fact(10), typeof f);
var dup = 1; var dup; console.log(dup); function args(a, b = a, c = () => a + b) { a = 10; return [a, b, c()]; } console.log(args(1));
try { throw 1; } catch (e) { var e2 = e; } console.log(e2, ((a, b) => a + b).length, ((...r) => r).length, ((a, b = 1) => a).length);
