// The methods of console that write to files, start inspectors, or read the stack.
console.log('ATTEMPTED');
for (const name of ['dir', 'table', 'trace', 'group', 'time', 'profile', 'timeStamp', 'context', 'Console', 'memory', '_stdout', '_times', 'assert', 'count', 'dirxml', 'exception']) {
  try { const got = console[name]; reach(got, typeof got === 'function' ? got.call(console, { toString() { return '@SECRET_PATH@'; } }) : got); } catch (error) { console.log(name, error.name); }
}
console.log.constructor === Function || console.log('odd');
try { new console.Console({ stdout: { write: (...args) => reach(...args) } }).log('x'); } catch (error) { console.log(error.name); }
