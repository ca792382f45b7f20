// util.inspect, format, promisify and types.
const util = require('util');
const sleep = util.promisify((ms, callback) => setTimeout(callback, ms, null, 'slept'));
console.log(util.inspect({ a: [1, [2, [3, [4]]]] }, { depth: 0 }), util.format('%s-%s', 'a', 'b', 'c'), util.types.isDate(new Date()), util.isDeepStrictEqual?.({ a: 1 }, { a: 1 }) ?? true);
sleep(1).then(console.log);
