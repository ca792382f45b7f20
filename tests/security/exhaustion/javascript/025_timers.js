// Timers that set timers.
// expect: limit error died ok
const again = () => { setTimeout(again, 0); setTimeout(again, 0); };
again();
await new Promise(() => {});
