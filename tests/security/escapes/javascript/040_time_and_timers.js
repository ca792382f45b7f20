// Timers with codes for callbacks, huge delays, and handles from outside.
console.log('ATTEMPTED');
for (const act of [() => setTimeout('reach(globalThis)', 0), () => setInterval({}, 0), () => setTimeout(Function('return this'), -1), () => clearTimeout({ valueOf() { throw 1; } }), () => clearInterval(2 ** 60), () => setImmediate(() => reach(globalThis)), () => { const t = setTimeout(() => {}, 2 ** 40); reach(t, t.constructor?.constructor); clearTimeout(t); }, () => queueMicrotask('x'), () => process.nextTick(reach, globalThis)]) { try { act(); } catch (error) { console.log(typeof error); } }
