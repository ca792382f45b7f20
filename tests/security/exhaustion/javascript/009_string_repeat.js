// Repeats a text a billion times, again and again.
const kept = [];
while (true) kept.push('x'.repeat(2 ** 28));
