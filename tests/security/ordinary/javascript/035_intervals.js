// Intervals that are cleared, timers with arguments.
let n = 0;
const timer = setInterval(() => { console.log('beat', ++n); if (n === 3) clearInterval(timer); }, 1);
const never = setTimeout(() => console.log('never'), 5000);
clearTimeout(never);
setTimeout((a, b) => console.log(a, b), 30, 'with', 'arguments');
