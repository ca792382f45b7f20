const temp = {
  _c: 20,
  get f() { return this._c * 9 / 5 + 32; },
  set f(v) { this._c = (v - 32) * 5 / 9; },
};
console.log(temp.f, temp);
temp.f = 212;
console.log(temp._c);
Object.defineProperty(temp, 'k', { get() { return this._c + 273.15; }, enumerable: false, configurable: true });
console.log(temp.k, Object.keys(temp), JSON.stringify(temp));
console.log(Object.getOwnPropertyDescriptor(temp, 'f'));
'use strict';
const frozen = Object.freeze({ x: 1, nested: { y: 2 } });
frozen.x = 5; frozen.nested.y = 3;
console.log(frozen, Object.isFrozen(frozen));
(function () { 'use strict'; try { frozen.x = 9; } catch (e) { console.log(e instanceof TypeError); } })();
