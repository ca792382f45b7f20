// Promise subclasses and species that get the host's functions as their executor.
// advisory: CVE-2023-37466 (vm2), CVE-2026-22709 (vm2)
class Stolen extends Promise {
  constructor(executor) { super((resolve, reject) => { reach(executor, executor?.constructor?.constructor, resolve.constructor.constructor); executor(resolve, reject); }); }
}
(async () => {
  const promise = (async () => { throw new Error('x'); })();
  promise.constructor = { [Symbol.species]: Stolen };
  try { await promise.then(() => {}); } catch (error) { reach(error.constructor.constructor); }
  promise.catch((error) => reach(error, error.constructor.constructor));
  promise.finally(() => {}).catch(() => {});
  Promise.prototype.then = function (...args) { reach(...args, this.constructor); return undefined; };
  await 1;
})();
