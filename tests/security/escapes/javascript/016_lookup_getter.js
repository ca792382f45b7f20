// Getters taken off prototypes and called on other things.
// advisory: GHSA-grj5-jjm8-h35p (vm2)
const getters = [];
for (const thing of [globalThis, process, console, Object.prototype, Error.prototype, require('util'), require('events'), URL.prototype, performance]) {
  for (const name of Reflect.ownKeys(thing)) {
    const own = Object.getOwnPropertyDescriptor(thing, name);
    if (own?.get) getters.push(own.get);
    if (own?.set) getters.push(own.set);
  }
}
getters.push({}.__lookupGetter__('__proto__'), {}.__lookupSetter__('__proto__'));
for (const get of getters) for (const on of [undefined, null, globalThis, {}, process, getters, 1]) { try { const got = Reflect.apply(get, on, [on]); reach(got, got?.constructor?.constructor); } catch { /* refused */ } }
