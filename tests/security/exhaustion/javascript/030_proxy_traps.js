// A proxy whose traps lead to proxies.
const trap = new Proxy({}, { get: () => trap, has: () => true, getPrototypeOf: () => trap, ownKeys: () => [] });
for (;;) { trap.a.b.c instanceof Object; 'x' in trap; }
