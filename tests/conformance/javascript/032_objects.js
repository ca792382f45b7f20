const o = { b: 1, a: 2, 10: 'x', 9: 'y', [Symbol('s')]: 3 };
console.log(o, Object.keys(o), Object.values(o), Object.entries(o));
console.log(Object.assign({}, o, { b: 9 }), Object.fromEntries([['k', 1]]), structuredClone({ d: new Date(0), m: new Map([[1, { a: 1 }]]) }));
console.log(Object.is(NaN, NaN), Object.getOwnPropertyNames('ab'), Object.hasOwn(o, 'b'), 'toString' in o, o.hasOwnProperty('zz'), Object.getPrototypeOf([]) === Array.prototype);
const proto = { greet() { return 'hi ' + this.name; } }; const child = Object.create(proto, { name: { value: 'kid', enumerable: true } });
console.log(child.greet(), child, proto.isPrototypeOf(child), Object.create(null), { __proto__: proto, x: 1 }.greet === proto.greet);
const sealed = Object.seal({ a: 1 }); sealed.a = 2; sealed.b = 3; delete sealed.a; console.log(sealed, Object.isSealed(sealed), Object.isExtensible(Object.preventExtensions({})));
const method = { f() { return super.toString === Object.prototype.toString; }, async g() {}, *h() {}, get i() { return 1; }, 'quoted-key': 1, [`comp${1}`]: 2 }; console.log(method.f(), method);
console.log({ a: 1 } == { a: 1 }, { ...{ a: 1 }, b: 2 }, ((x) => ({ x }))(1), { valueOf() { return 42; } } + 1, `${{ toString: () => 'str' }}`);
