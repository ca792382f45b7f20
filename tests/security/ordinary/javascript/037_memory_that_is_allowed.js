// Some tens of megabytes, used and given back, several times.
for (let round = 0; round < 5; round++) {
  const list = Array.from({ length: 200_000 }, (_, i) => ({ i }));
  const text = 'x'.repeat(10_000_000);
  console.log(list.length, text.length, new Uint8Array(5_000_000).length);
}
