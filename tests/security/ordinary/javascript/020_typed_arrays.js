// Buffers, views and their byte order.
const buffer = new ArrayBuffer(8);
const view = new DataView(buffer);
view.setUint16(0, 0x1234); view.setFloat32(4, 1.5, true);
console.log(new Uint8Array(buffer), new Uint16Array([65537, -1]), Float64Array.of(1, 2).map((n) => n / 3).at(-1).toFixed(3), new Uint8ClampedArray([300, -5]), new Uint8Array([3, 1, 2]).sort().join());
