// Escape sequences in output, in names of functions and in errors that are printed.
// run: terminal
console.log('ATTEMPTED');
for (const text of ['\x1b]0;title\x07', '\x1b]52;c;aGVsbG8=\x07', '\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\', '\x1b[2J', '\x9b2J', '\x1bP0;0;0q~\x1b\\', '\x1b_Gf=100;AAAA\x1b\\', '\u202e', '\u2066', '\u200b', '\x1b[?1049h', '\x1bc', '\x1b[6n']) {
  console.log(text); console.error(text); console.log({ [text]: text, f: { [text]() {} }[text] }); process.stdout.write(`${text}\n`);
}
class Hostile extends Error {}
Object.defineProperty(Hostile, 'name', { value: '\x1b]0;name\x07' });
const error = new Hostile('\x1b]52;c;aGVsbG8=\x07');
error.name = '\x1b[2J\u202e';
error.stack += '\x1b]0;stack\x07';
throw error;
