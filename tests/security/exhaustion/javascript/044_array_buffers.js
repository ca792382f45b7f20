// Buffers without end.
const kept = [];
for (;;) kept.push(new Uint8Array(10_000_000).fill(1));
