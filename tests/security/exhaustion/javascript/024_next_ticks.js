// The same by process.nextTick and setImmediate.
// expect: limit error died ok
const again = () => { process.nextTick(again); setImmediate(again); };
again();
