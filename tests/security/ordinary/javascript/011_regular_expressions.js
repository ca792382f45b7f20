// Named groups, lookbehind, matchAll and replacement by a function.
const line = '2024-03-15 ERROR [db] timeout=30s retries=3';
const { groups } = /(?<date>\S+) (?<level>\w+)/.exec(line);
console.log({ ...groups }, [...line.matchAll(/(\w+)=(\d+)/g)].map((m) => m.slice(1)), line.replace(/\d+/g, (d) => d * 2), 'price: $42'.match(/(?<=\$)\d+/)[0], 'aBc'.replace(/[A-Z]/g, '<$&>'));
