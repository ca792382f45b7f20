const o = { a: { b: { c: 1 } }, f: () => 'called', arr: [1] };
console.log(o?.a?.b?.c, o.x?.y.z.w, o.f?.(), o.g?.(), o?.['a'], o.arr?.[0], o.none?.[0], delete o?.a?.b, o);
let n = null, u; console.log(n ?? 'd', u ?? 'd', 0 ?? 'd', '' || 'd', 0 && 'x', n?.x, n?.[console.log('never')]);
let a = null, b = 0, c = 1; a ??= 5; b ||= 6; c &&= 7; console.log(a, b, c);
const cfg = { v: 0 }; cfg.v ||= 1; cfg.w ??= []; cfg.w.push(1); console.log(cfg);
