// Clones with cycles, maps and dates.
const original = { map: new Map([['a', new Date(0)]]), list: [1, { deep: true }] };
original.self = original;
const clone = structuredClone(original);
console.log(clone !== original, clone.self === clone, clone.map.get('a').getTime(), clone.list[1] !== original.list[1]);
