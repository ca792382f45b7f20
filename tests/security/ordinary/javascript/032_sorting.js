// Stable sorts with keys, and a quicksort by hand.
const people = [['b', 2], ['a', 2], ['c', 1]];
const quick = ([p, ...rest]) => (p === undefined ? [] : [...quick(rest.filter((x) => x < p)), p, ...quick(rest.filter((x) => x >= p))]);
console.log(people.sort((x, y) => x[1] - y[1]).map(([n]) => n).join(''), quick([3, 1, 2, 3, 0]), ['é', 'z', 'a'].sort(), [10, 9, 1].sort(), [undefined, 3, null].sort());
