// Catches what ends a cell at its time limit, by every construct.
// timeout: 1
// %% one
console.log('ATTEMPTED');
const spin = () => { while (true) { try { while (true); } catch { continue; } finally { continue; } } };
spin();
// %% one
6 * 7
// %% one
const iterator = { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }), return() { while (true); } }) };
for (const x of iterator) { try { while (true); } finally { for (;;); } }
// %% one
6 * 7
// %% one
await (async () => { for (;;) { try { await new Promise((resolve) => queueMicrotask(resolve)); while (true); } catch { /* go on */ } } })();
// %% one
6 * 7
