// Counters, currying and composition.
const counter = (n = 0) => () => ++n;
const c = counter(5);
const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
const curry = (f) => function next(...args) { return args.length >= f.length ? f(...args) : (...more) => next(...args, ...more); };
console.log(c(), c(), compose((x) => x + 1, (x) => x * 2)(5), curry((a, b, d) => a + b + d)(1)(2)(3));
