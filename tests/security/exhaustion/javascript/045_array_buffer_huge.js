// One buffer of a terabyte, and one that can grow to it.
try { new ArrayBuffer(2 ** 40); } catch { /* too large */ }
const growing = new ArrayBuffer(1, { maxByteLength: 2 ** 32 });
for (let size = 1; ; size *= 2) growing.resize(size);
