// Values that come back from the dead: WeakRef, FinalizationRegistry, resurrection in callbacks.
console.log('ATTEMPTED');
const kept = [];
const registry = new FinalizationRegistry((held) => { if (kept.length < 12) { kept.push(held); reach(held); } });
for (let i = 0; i < 200; i++) { const thing = { i, self: null }; thing.self = thing; registry.register(thing, { i }); kept.length < 10 && kept.push(new WeakRef(thing)); }
setTimeout(() => { for (const one of kept) { try { reach(one.deref?.()); } catch (error) { console.log(error.name); } } }, 5);
