const order = [];
const id = setInterval(() => { order.push('i'); if (order.length === 3) { clearInterval(id); console.log(order); } }, 2);
const never = setTimeout(() => console.log('never'), 5); clearTimeout(never);
setTimeout((a, b) => console.log('args', a, b), 1, 'x', 'y');
setTimeout(() => { setTimeout(() => console.log('nested'), 0); console.log('outer'); }, 100);
clearTimeout(undefined); clearTimeout(12345);
try { setTimeout('code'); } catch (e) { console.log(e.name, e.code); }
setImmediate((v) => console.log('immediate', v), 1);
