// Exit codes and exits from odd places.
console.log('ATTEMPTED');
for (const code of [{ valueOf() { reach(globalThis); return 5; } }, NaN, Infinity, 2 ** 70, 'x', -1, Symbol(), 5n]) { try { process.exitCode = code; } catch (error) { console.log(error.name); } }
const late = { get [Symbol.toStringTag]() { process.exit(3); } };
try { String(late); } finally { console.log('after'); try { process.exit({}); } catch (error) { console.log(error.name); } }
