const a = [5, 1, 4, 2, 3];
console.log(a.toSorted(), a.toReversed(), a.with(0, 9), a.toSpliced(1, 2, 'x'), a);
console.log(a.at(-1), a.findLast((x) => x > 3), a.findLastIndex((x) => x > 3), a.find((x) => x > 9), a.indexOf(4), a.includes(NaN), [NaN].includes(NaN), [NaN].indexOf(NaN));
console.log([1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(Infinity), [1, 2].flatMap((x) => [x, x * 10]), [3, 1, 2].sort((x, y) => y - x), [10, 9, 1].sort());
console.log(a.slice(1, -1), a.splice(1, 2), a, a.fill(0, 1), Array(3), Array.of(7), Array.from('abc', (c) => c + c), Array.from({ length: 3 }, (_, i) => i ** 2));
console.log([1, 2, 3].reduceRight((s, x) => s + x, ''), [1, 2, 3].some((x) => x > 2), [].every(Boolean), [1, 2, 3].join('-'), [null, undefined, 1].join(), [1, 2, 3].lastIndexOf(3), [[1, 2], [3]].toString());
console.log([1, 2, 3, 4, 5].copyWithin(0, 3), [1, 2, 3].entries().next(), [...[1, 2].keys()], [3, undefined, 1, , 2].sort(), [1, , 3].map((x) => x * 2), Object.keys([1, , 3]), 1 in [1, , 3]);
const q = [1]; q.push(2, 3); q.unshift(0); console.log(q.pop(), q.shift(), q, q.concat([4], 5, [[6]]), q.length = 1, q, Array.isArray(q));
const sparse = []; sparse[5] = 'x'; console.log(sparse, sparse.length, sparse.forEach((x, i) => console.log(i, x)));
