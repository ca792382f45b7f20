outer: for (let i = 0; i < 4; i++) { for (let j = 0; j < 4; j++) { if (j === 2) continue outer; if (i === 2) break outer; console.log(i, j); } }
let n = 0; do { n++; if (n === 2) continue; if (n > 4) break; } while (true); console.log(n);
blk: { console.log('in'); if (n) break blk; console.log('never'); }
for (const k in { a: 1, b: 2, 1: 3 }) console.log(k); for (const k in 'ab') console.log(k); for (const i in [5, 6]) console.log(typeof i, i);
for (let i = 0, j = 10; i < j; i += 3, j -= 2) console.log(i, j);
switch (3) { case 1: console.log('one'); case 3: console.log('three'); case 4: console.log('four'); break; default: console.log('default'); }
switch ('x') { default: console.log('d'); case 'y': console.log('y'); }
let w = 5; while (w-- > 3); console.log(w); for (;;) { break; } if (0) ; else console.log('else');
