// Another realm: iframes, vm contexts, ShadowRealm, import.meta, and the loader's own names.
// advisory: CVE-2021-23594 (realms-shim)
console.log('ATTEMPTED');
for (const text of ['new ShadowRealm().evaluate("globalThis.process")', 'new ShadowRealm().importValue("fs", "readFileSync")', 'require("vm").createContext({})', 'new Realm().evaluate("this")', 'document.createElement("iframe").contentWindow', 'new Compartment().evaluate("this")', 'import.meta.url', 'import.meta.resolve("fs")', 'require.main.require("fs")', 'module.constructor._load("fs")', 'module.parent', '__filename', '__dirname']) {
  try { const got = (0, eval)(text); reach(got); if (/\/(root|home|target)\//.test(String(got))) console.log('ESCAPED', got); } catch (error) { console.log(error.name); }
}
