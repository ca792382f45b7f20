// The program that everybody writes first.
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
console.log(Array.from({ length: 20 }, (_, n) => fib(n)).join(' '));
