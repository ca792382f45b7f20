// The order of timers, jobs and synchronous code.
setTimeout(() => console.log('timeout'), 0);
setImmediate(() => console.log('immediate or so'));
Promise.resolve().then(() => console.log('then'));
queueMicrotask(() => console.log('microtask'));
process.nextTick(() => console.log('tick'));
console.log('sync');
