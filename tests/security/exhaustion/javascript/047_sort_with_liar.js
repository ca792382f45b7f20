// A comparison that does not end, and one that lies.
const numbers = Array.from({ length: 100_000 }, (_, i) => i);
for (;;) numbers.sort(() => Math.random() - 0.5);
