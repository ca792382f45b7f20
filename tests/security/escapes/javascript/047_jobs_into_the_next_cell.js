// Promises, timers and intervals that wait for the next cell.
// timeout: 1
// %% one
console.log('ATTEMPTED');
globalThis.ran = 0;
const again = () => { ran++; Promise.resolve().then(again); };
again();
// %% one
1 + 1
// %% one
setInterval(() => { ran++; }, 0);
setTimeout(() => { while (true); }, 1);
// %% one
2 + 2
// %% one
process.on?.('exit', () => { while (true); });
3 + 3
