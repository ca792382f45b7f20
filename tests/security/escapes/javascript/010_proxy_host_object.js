// Proxies handed to native functions, so that the traps get what the host made.
// advisory: CVE-2023-32314 (vm2)
const seen = [];
const trap = new Proxy({}, { get: (t, name) => (...args) => { seen.push(...args); return Reflect[name](...args); } });
for (const use of [(p) => JSON.stringify(p), (p) => console.log(p), (p) => structuredClone(p), (p) => Object.assign({}, p), (p) => [...p], (p) => new URL(p), (p) => new TextEncoder().encode(p), (p) => setTimeout(p, 0), (p) => process.exitCode = p, (p) => crypto.getRandomValues(p), (p) => Array.from(p), (p) => Promise.resolve(p), (p) => require(p)]) {
  try { use(new Proxy(function () {}, trap)); } catch (error) { seen.push(error); }
}
for (const thing of seen.slice(0, 40)) { try { reach(thing, thing?.constructor?.constructor); } catch { /* a proxy of ours */ } }
