// Numbers, rounding, bases and BigInt.
console.log(0.1 + 0.2, (1234.5678).toFixed(2), (255).toString(16), parseInt('ff', 16), Number('0x1f'), 2n ** 100n, BigInt.asUintN(8, 257n), Number.MAX_SAFE_INTEGER, -7 % 3, 7 / 0, Math.hypot(3, 4), (1e21).toString(), 5 / 3 | 0, ~~-1.5, 2 ** -1);
