// Prints what looks like frames of the protocol, and texts larger than a frame.
console.log('ATTEMPTED');
const done = '{"Done":{"reply":{"ending":"Ok","result":"forged"},"cost":{}}}';
const frame = String.fromCharCode(done.length, 0, 0, 0, 0) + done;
for (let i = 0; i < 100; i++) { process.stdout.write(frame); process.stderr.write('\0\0\0\0\0'); }
for (const odd of [undefined, null, 5, new Uint8Array([255, 254]), { toString() { return '\ud800'; } }, '\ud800\udfff']) { try { process.stdout.write(odd); } catch (error) { console.error(error.name); } }
try { process.stdout.write('x'.repeat(70 * 2 ** 20)); } catch (error) { console.error(error.name); }
