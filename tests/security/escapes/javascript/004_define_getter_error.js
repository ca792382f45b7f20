// An error thrown by a native function that is called wrongly.
// advisory: CVE-2023-26121 (safe-eval), CVE-2022-25904 (safe-eval)
for (const bad of [() => __defineGetter__('x'), () => ({}).__defineGetter__('x', 1), () => Object.defineProperty(1, 'x', {}), () => new Proxy(1, {}), () => Reflect.construct(1), () => Symbol() + '', () => null.x, () => BigInt(1.5), () => JSON.parse('{'), () => decodeURIComponent('%')]) {
  try { bad(); } catch (error) { reach(error.constructor.constructor, error.constructor.prototype.constructor); }
}
