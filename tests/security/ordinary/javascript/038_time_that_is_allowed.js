// Half a second of honest work.
let total = 0;
for (let i = 0; i < 2_000_000; i++) total = (total + i * 7) % 1_000_003;
console.log(total, performance.now() > 0);
