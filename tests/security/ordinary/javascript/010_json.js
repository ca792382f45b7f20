// JSON out and in, with a replacer, a reviver and toJSON.
const data = { date: new Date(0), n: 1.5, list: [1, null, undefined], text: 'naïve ☃', nested: { toJSON: () => 'custom' }, skip: () => 1 };
console.log(JSON.stringify(data), JSON.stringify(data, ['n', 'list'], 2), JSON.parse('{"a":[1,{"b":2}]}', (k, v) => (typeof v === 'number' ? v * 2 : v)).a);
