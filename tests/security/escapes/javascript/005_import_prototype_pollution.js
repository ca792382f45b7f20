// Dynamic import and the prototype of what it gives.
// advisory: CVE-2021-23449 (vm2)
(async () => {
  const promise = import('fs').catch((error) => error);
  reach(promise.constructor, promise.constructor.constructor, promise.__proto__.constructor);
  for (const name of ['fs', 'node:fs', 'child_process', 'file://@SECRET_PATH@', '@SECRET_PATH@', 'data:text/javascript,export default 1', 'http://127.0.0.1:@TCP_PORT@/x.js', './x.js', 'std', 'os', 'qjs:std', 'qjs:os', 'bjson', 'companion:core', 'core', '\0', 'process', 'module', 'vm', 'inspector/promises', 'node:sqlite']) {
    try { const module = await import(name); reach((wanted) => module, module, module.default); } catch (error) { console.log(name.slice(0, 20), error.name); }
  }
})();
