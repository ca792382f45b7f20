console.log(JSON.stringify({ a: [1, { b: undefined }], c: () => {}, d: undefined, e: NaN, f: new Date(0), g: null, h: Symbol('x') }));
console.log(JSON.stringify([undefined, () => {}, Infinity]), JSON.stringify('a"b\n\u2028\ud800'), JSON.stringify({ x: 1n === 1n }));
console.log(JSON.stringify({ a: 1, b: { c: [1, 2] } }, null, 2)); console.log(JSON.stringify([1, [2]], null, '--'));
console.log(JSON.stringify({ a: 1, b: 2, c: 3 }, ['a', 'c']), JSON.stringify({ a: 1, b: 'x' }, (k, v) => typeof v === 'number' ? v * 10 : v));
console.log(JSON.parse('{"a":[1,2,{"b":null}],"__proto__":1}'), JSON.parse('[1,2,3]', (k, v) => Array.isArray(v) ? v : v * 2), JSON.parse(' "x" '));
class P { toJSON() { return { p: 1 }; } } console.log(JSON.stringify([new P()]), JSON.stringify(Object.create({ inherited: 1 })), JSON.stringify(new Map([[1, 2]])));
try { const c = {}; c.c = c; JSON.stringify(c); } catch (e) { console.log(e.name); }
try { JSON.parse('{bad}'); } catch (e) { console.log(e.name); } try { JSON.stringify(1n); } catch (e) { console.log(e.name); }
console.log(JSON.stringify({ n: -0, big: 1e21, small: 1e-7, nested: { toJSON(k) { return 'key ' + k; } } }));
