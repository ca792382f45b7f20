// A chain of prototypes as long as memory.
let proto = {};
for (let i = 0; i < 1_000_000; i++) proto = Object.create(proto);
for (;;) proto.missing;
