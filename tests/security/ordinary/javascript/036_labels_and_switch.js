// Labels, switch, comma, void, and other old things.
outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue outer; if (i === 2) break outer; console.log(i, j); } }
const kind = (x) => { switch (typeof x) { case 'number': case 'bigint': return 'n'; case 'string': return 's'; default: return '?'; } };
console.log(kind(1), kind(2n), kind('x'), kind(null), (1, 2), void 0, typeof undeclared, !!'' || 'or', null ?? 'nullish', ({})?.a?.b);
