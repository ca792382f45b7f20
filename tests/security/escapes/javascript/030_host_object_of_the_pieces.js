// Looks for the host object and the loader of the built-in pieces in everything reachable.
const seen = new Set();
const queue = [globalThis, process, console, require, require('util'), require('events'), require('assert'), require('timers'), URL, TextEncoder, performance, setTimeout, structuredClone];
let steps = 0;
while (queue.length && steps++ < 20000) {
  const thing = queue.pop();
  if (thing === null || (typeof thing !== 'object' && typeof thing !== 'function') || seen.has(thing)) continue;
  seen.add(thing);
  for (const name of Reflect.ownKeys(thing)) {
    const own = Reflect.getOwnPropertyDescriptor(thing, name);
    if (['readLine', 'parseUrl', 'promise', 'isError', 'trackRejection'].includes(name) && 'value' in own) console.log('found', String(name));
    for (const part of [own.value, own.get, own.set]) if (part) queue.push(part);
  }
  const proto = Reflect.getPrototypeOf(thing);
  if (proto) queue.push(proto);
}
console.log('ATTEMPTED', seen.size > 100);
for (const thing of seen) { const name = thing.name; if (typeof thing === 'function' && typeof name === 'string' && /^(load|host|write|exit)$/.test(name)) reach(thing); }
