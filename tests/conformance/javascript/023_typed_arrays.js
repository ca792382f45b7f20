const u8 = new Uint8Array([1, 2, 300, -1]), f = Float32Array.of(1.5, 0.1);
console.log(u8, f, new Uint8ClampedArray([300, -5, 1.5]), Int16Array.from([1, 2, 3], (x) => x * 1000));
const buf = new ArrayBuffer(8), dv = new DataView(buf);
dv.setInt16(0, -2); dv.setFloat32(4, 1.5, true); dv.setUint8(2, 255);
console.log(new Uint8Array(buf), dv.getInt16(0), dv.getInt16(0, true), dv.getFloat32(4, true), buf);
const sub = u8.subarray(1, 3); sub[0] = 99; console.log(u8, sub.byteOffset, u8.slice(-2), [...u8.entries()]);
console.log(u8.map((x) => x * 2), u8.reduce((a, b) => a + b), Array.from(u8).join(), u8.indexOf(99), new Float64Array(3).fill(7), u8.BYTES_PER_ELEMENT);
u8.set([9, 8], 2); console.log(u8, u8.toString(), new BigInt64Array(2), new Uint16Array(buf).length, u8.sort().reverse(), u8.at(-1));
try { new Uint16Array(buf, 1); } catch (e) { console.log(e.name); } console.log(ArrayBuffer.isView(dv), buf.slice(0, 2), u8.buffer.byteLength, Object.prototype.toString.call(u8));
