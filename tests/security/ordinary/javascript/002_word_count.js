// Counts words with a Map.
const counts = new Map();
for (const word of 'the quick brown fox jumps over the lazy dog the end'.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
for (const [word, count] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3)) console.log(word, count);
