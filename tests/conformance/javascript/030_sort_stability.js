const people = [['Ann', 30], ['Bob', 25], ['Cid', 30], ['Dan', 25], ['Eve', 30]].map(([name, age]) => ({ name, age }));
console.log(people.sort((a, b) => a.age - b.age).map((p) => p.name).join());
const many = Array.from({ length: 600 }, (_, i) => ({ k: i % 3, i })); many.sort((a, b) => a.k - b.k);
console.log(many.every((x, i) => i === 0 || many[i - 1].k < x.k || many[i - 1].i < x.i));
console.log(['é', 'z', 'a', 'Z', 'ä'].sort(), [true, false, true].sort(), [3, 20, 100].sort(), ['b', undefined, 'a'].sort());
console.log(Object.entries({ b: 2, a: 1, c: 3 }).sort(([x], [y]) => x < y ? -1 : 1), [..."hello"].sort().join(''));
