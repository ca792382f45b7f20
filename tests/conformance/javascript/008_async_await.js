const sleep = (ms, v) => new Promise((r) => setTimeout(r, ms, v));
async function work(name, ms) { console.log('start', name); await sleep(ms); console.log('end', name); return name; }
(async () => {
  console.log(await work('a', 5));
  console.log(await Promise.all([work('b', 20), work('c', 5)]));
  try { await Promise.reject(new Error('nope')); } catch (e) { console.log('caught', e.message); } finally { console.log('finally'); }
  for (const x of [1, 2]) console.log(await sleep(1, x));
})().then(() => console.log('done'));
console.log('sync end');
