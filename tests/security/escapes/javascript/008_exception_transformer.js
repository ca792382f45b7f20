// Names and patterns in catch clauses that a source transformer gets wrong.
// advisory: CVE-2023-29199 (vm2)
console.log('ATTEMPTED');
const fail = () => { throw { name: { toString: () => { reach(globalThis); return 'x'; } } }; };
try { fail(); } catch ({ name }) { String(name); }
try { fail(); } catch ({ constructor: { constructor: make } }) { reach(make); }
try { throw globalThis; } catch ({ process, require }) { reach(process, require); }
try { eval('try { x } catch ($tmpname) { } $tmpname'); } catch (error) { reach(error.constructor.constructor); }
