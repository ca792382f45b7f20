// Looks for the environment and for a path of the machine in everything that can be printed.
console.log('ATTEMPTED');
const texts = [JSON.stringify(process.env), String(process.execPath), String(process.title), JSON.stringify(process.config ?? {}), JSON.stringify(process.versions), String(process.cwd()), (() => { try { null.x; } catch (error) { return error.stack; } })()];
try { texts.push(require('util').inspect(globalThis, { depth: 4, showHidden: true })); } catch (error) { console.log(error.name); }
const own = process.argv[1];
for (const text of texts) if (/variable-canary|\/root\/|\/home\/|\/target\/debug|companion-canaries/.test(text.split(own).join(''))) console.log('ESCAPED', text.slice(0, 200));
