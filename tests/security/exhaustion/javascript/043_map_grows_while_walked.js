// A map that grows while it is walked.
const map = new Map([[0, 0]]);
for (const [key] of map) map.set(key + 1, 1);
