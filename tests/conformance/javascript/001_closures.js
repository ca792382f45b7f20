function counter(start = 0) {
  let n = start;
  return { next: () => ++n, reset() { n = start; }, get value() { return n; } };
}
const a = counter(), b = counter(10);
console.log(a.next(), a.next(), b.next());
a.reset();
console.log(a.value, b.value, a);
const fns = [];
for (let i = 0; i < 3; i++) fns.push(() => i);
for (var j = 0; j < 3; j++) fns.push(() => j);
console.log(fns.map((f) => f()));
const once = (f) => { let done = false, r; return (...args) => done ? r : (done = true, r = f(...args)); };
const add = once((x, y) => x + y);
console.log(add(1, 2), add(5, 6));
