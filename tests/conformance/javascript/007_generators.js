function* fib() { let [a, b] = [0, 1]; while (true) { yield a; [a, b] = [b, a + b]; } }
const take = function* (n, it) { let i = 0; for (const x of it) { if (i++ >= n) return; yield x; } };
console.log([...take(10, fib())]);
function* two() { const x = yield 1; console.log('got', x); try { yield 2; } finally { console.log('cleanup'); } return 3; }
const g = two();
console.log(g.next(), g.next('hello'), g.return(9), g.next());
function* outer() { const r = yield* inner(); console.log('inner returned', r); }
function* inner() { yield 'a'; yield 'b'; return 'r'; }
console.log([...outer()]);
const h = (function* () { try { yield 1; } catch (e) { yield 'caught ' + e; } })();
console.log(h.next(), h.throw('boom'), h.next());
console.log(g, fib, Object.prototype.toString.call(g));
