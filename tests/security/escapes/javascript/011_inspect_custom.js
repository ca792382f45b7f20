// The symbol of custom inspection: what it is called with, and by whom.
// advisory: CVE-2023-37903 (vm2), CVE-2023-32313 (vm2)
const custom = Symbol.for('nodejs.util.inspect.custom');
const object = { [custom](depth, options, inspect) { reach(options, inspect, options?.stylize, inspect?.constructor, this.constructor.constructor); return 'x'; } };
console.log(object);
console.log('%o %O %s %j', object, object, object, { toJSON() { reach(this); return 1; } });
const { inspect } = require('util');
inspect(object, { customInspect: true, stylize: (text) => { reach(this); return text; } });
inspect.defaultOptions = { get depth() { reach(this); return 1; } };
object;
