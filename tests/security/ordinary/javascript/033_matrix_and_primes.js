// Loops with numbers: a sieve, a product, a knapsack.
const sieve = (n) => { const flags = new Uint8Array(n + 1).fill(1); for (let i = 2; i * i <= n; i++) if (flags[i]) for (let j = i * i; j <= n; j += i) flags[j] = 0; return flags.reduce((all, f, i) => (f && i > 1 ? [...all, i] : all), []); };
const times = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, v, k) => sum + v * b[k][j], 0)));
console.log(sieve(50), times([[1, 2], [3, 4]], [[0, 1], [1, 0]]));
