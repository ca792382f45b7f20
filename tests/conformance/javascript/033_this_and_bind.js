const obj = { v: 1, regular() { return this?.v; }, arrow: () => typeof this, nested() { return [1].map(() => this.v); } };
console.log(obj.regular(), obj.arrow(), obj.nested()); const { regular } = obj; console.log(regular());
function Fn(x) { if (!new.target) return new Fn(x); this.x = x; } Fn.prototype.get = function () { return this.x; }; console.log(Fn(3).get(), new Fn(4), Fn.prototype.constructor === Fn);
const bound = obj.regular.bind({ v: 'bound' }); console.log(bound(), bound.name, bound.call({ v: 2 }), obj.regular.call({ v: 'c' }), obj.regular.apply({ v: 'a' }, []));
function add(a, b, c) { return [a, b, c, arguments.length]; } console.log(add.bind(null, 1)(2), add.length, add.bind(null, 1).length, (() => { 'use strict'; return (function () { return this; })(); })());
console.log(typeof globalThis, this === module.exports, typeof require, typeof exports, (function () { return this === globalThis; })());
