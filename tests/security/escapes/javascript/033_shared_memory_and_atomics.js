// Shared memory, a precise clock made of it, and waiting that nothing ends.
// timeout: 2
console.log('ATTEMPTED');
const shared = new SharedArrayBuffer(16);
const cells = new Int32Array(shared);
for (const act of [() => Atomics.notify(cells, 0), () => Atomics.waitAsync(cells, 0, 0, 10).value.then(() => console.log('woke')), () => structuredClone(shared), () => new SharedArrayBuffer(2 ** 40), () => shared.grow(1), () => Atomics.wait(cells, 0, 0)]) { try { act(); } catch (error) { console.log(error.name); } }
