// Promise combinators in order.
const later = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
(async () => {
  console.log(await Promise.all([later(3, 'a'), later(1, 'b'), 'c']), await Promise.race([later(20, 'slow'), later(1, 'fast')]));
  console.log((await Promise.allSettled([Promise.reject(new Error('x')), 1])).map((r) => r.status), await Promise.any([Promise.reject(1), later(1, 'any')]));
  try { await Promise.reject(new TypeError('bad')); } catch (error) { console.log(error.name, error.message); } finally { console.log('finally'); }
})();
