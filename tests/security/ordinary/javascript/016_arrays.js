// The methods of arrays.
const numbers = [5, 1, 4, 2, 3];
console.log(numbers.toSorted?.((a, b) => a - b) ?? [...numbers].sort((a, b) => a - b), numbers.at(-1), numbers.findLast((n) => n > 3), numbers.flatMap((n) => [n, n * 10]).slice(0, 4), [[1, [2, [3]]]].flat(Infinity), numbers.reduce((a, b) => a + b), numbers.includes(4), Array.from('abc', (c, i) => c + i), numbers.with?.(0, 9) ?? [9, 1, 4, 2, 3]);
