// Ten thousand promises that end.
(async () => {
  const values = await Promise.all(Array.from({ length: 10_000 }, async (_, i) => { await null; return i; }));
  console.log(values.reduce((a, b) => a + b, 0));
})();
