// Options that the host reads from objects come from a polluted Object.prototype.
// advisory: CVE-2025-34146 (SandboxJS)
console.log('ATTEMPTED');
const names = ['shell', 'env', 'NODE_OPTIONS', 'mainModule', 'require', 'get', 'set', 'value', 'writable', 'host', 'load', 'argv0', 'stdio', 'depth', 'then', 'toJSON', 'cause', 'stack', 'path', 'source', 'main', 'exports', 'Interrupted', 'ending', 'result'];
for (const name of names) { try { Object.defineProperty(Object.prototype, name, { configurable: true, get() { return undefined; }, set() {} }); } catch (error) { console.log(error.name); } }
for (const name of names) delete Object.prototype[name];
Object.prototype.polluted = { toString() { reach(globalThis); return 'x'; } };
Object.prototype.get = undefined;
console.log({ a: 1 }, [1], new Map([[1, 2]]));
delete Object.prototype.polluted;
delete Object.prototype.get;
