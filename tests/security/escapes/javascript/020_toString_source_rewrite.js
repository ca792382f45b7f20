// Function.prototype.toString and valueOf rewritten, so that a check of the source sees another.
// advisory: CVE-2021-23334 (static-eval)
console.log('ATTEMPTED');
Function.prototype.toString = () => 'function safe() {}';
String.prototype.includes = () => false;
RegExp.prototype.test = () => false;
RegExp.prototype.exec = () => null;
Array.prototype.includes = Array.prototype.some = () => true;
Object.hasOwn = () => true;
Set.prototype.has = Map.prototype.has = () => true;
reach(require, process, globalThis);
for (const name of ['fs', 'child_process', 'os', 'net']) { try { reach(require(name)); console.log('ESCAPED', name); } catch (error) { console.log('refused'); } }
