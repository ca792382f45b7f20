const ok = (v, ms) => new Promise((r) => setTimeout(r, ms, v));
const bad = (v, ms) => new Promise((_, r) => setTimeout(r, ms, new Error(v)));
(async () => {
  console.log(await Promise.all([1, ok(2, 3), Promise.resolve(3)]));
  console.log((await Promise.allSettled([ok(1, 1), bad('x', 1)])).map((r) => r.status + ':' + (r.value ?? r.reason.message)));
  console.log(await Promise.race([ok('slow', 30), ok('fast', 1)]));
  console.log(await Promise.any([bad('a', 1), ok('b', 5)]));
  try { await Promise.any([bad('a', 1), bad('b', 2)]); } catch (e) { console.log(e.constructor.name, e.errors.map((x) => x.message)); }
  await Promise.all([ok(1, 1), bad('first', 2)]).catch((e) => console.log('all:', e.message));
  console.log(await Promise.resolve(1).finally(() => 2));
  console.log(Promise.resolve(5), Promise.all([]));
})();
