// Clones what refers to itself, a million times.
const many = Array.from({ length: 300_000 }, () => ({}));
many.forEach((one, i) => { one.next = many[(i + 1) % many.length]; });
for (;;) structuredClone(many);
