async function* ticks(n) { for (let i = 0; i < n; i++) { await null; yield i; } }
class Stream {
  constructor(items) { this.items = items; }
  async *[Symbol.asyncIterator]() { for (const i of this.items) yield i; }
}
(async () => {
  for await (const t of ticks(3)) console.log(t);
  for await (const x of new Stream(['a', Promise.resolve('b')])) console.log(x);
  for await (const x of [Promise.resolve(1), 2]) console.log(x);
  const g = ticks(5);
  console.log(await g.next(), await g.return('bye'), await g.next());
  try { for await (const x of (async function* () { yield 1; throw new Error('stop'); })()) console.log(x); } catch (e) { console.log(e.message); }
})();
