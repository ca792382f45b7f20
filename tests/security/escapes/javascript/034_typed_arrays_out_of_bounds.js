// Reads behind the end of buffers: detached, resized, shared, from within a valueOf.
console.log('ATTEMPTED');
const buffer = new ArrayBuffer(64, { maxByteLength: 1024 });
const view = new Uint8Array(buffer);
const shrink = { valueOf() { buffer.resize(0); return 8; } };
for (const act of [() => view.fill(1, shrink), () => view.subarray(shrink), () => view.slice(0, shrink), () => view.set([1, 2, 3], shrink), () => view.copyWithin(0, shrink), () => new DataView(buffer).getFloat64(shrink), () => view.at(2 ** 40), () => view.indexOf(1, shrink), () => Atomics.add(view, shrink, 1), () => view.sort(() => { buffer.resize(0); return 1; }), () => structuredClone(buffer, { transfer: [buffer] }), () => view.join(',')]) {
  try { buffer.resize?.(64); act(); } catch (error) { console.log(error.name); }
}
try { console.log([...view].every((byte) => byte === 0 || byte === 1) ? 'clean' : 'ESCAPED'); } catch (error) { console.log(error.name); }
