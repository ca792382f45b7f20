// Groups, sums and pivots of records.
const rows = [{ k: 'a', n: 1 }, { k: 'b', n: 2 }, { k: 'a', n: 3 }];
const grouped = rows.reduce((groups, { k, n }) => ({ ...groups, [k]: [...(groups[k] ?? []), n] }), {});
console.log(grouped, Object.entries(grouped).map(([k, ns]) => [k, ns.reduce((a, b) => a + b, 0)]), rows.toSorted ? 'sorted' : 'sorted');
