// Changes prototypes and globals in one session, and looks for it in another.
// %% one
Object.prototype.leaked = '@MARKER@'; Array.prototype.map = () => 'leaked'; globalThis.leaked2 = '@MARKER@'; console.log_ = console.log; JSON.stringify = () => 'leaked';
console.log('ATTEMPTED');
// %% two
console.log({}.leaked === undefined && [1].map((x) => x)[0] === 1 && typeof leaked2 === 'undefined' && JSON.stringify([1]) === '[1]' ? 'clean' : 'ESCAPED');
// %% one
console.log(leaked2 === '@MARKER@' ? 'kept' : 'ESCAPED: lost');
