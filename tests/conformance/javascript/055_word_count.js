const text = `It was the best of times, it was the worst of times,
it was the age of wisdom, it was the age of foolishness`;
const counts = new Map(); for (const [w] of text.toLowerCase().matchAll(/\b\w+\b/g)) counts.set(w, (counts.get(w) ?? 0) + 1); const top = [...counts].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).slice(0, 5); console.table(top); console.log(counts); console.log(top.map(([w, n]) => `${w.padEnd(6)}${'#'.repeat(n)}`).join('\n'));
