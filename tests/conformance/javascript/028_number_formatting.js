console.log((1234.5678).toFixed(2), (0.000001234).toString(), (1e21).toString(), (255).toString(16), (255).toString(2), (0.5).toString(2), (-255).toString(36));
console.log((1234.5678).toPrecision(6), (0.00001).toPrecision(1), (1e21).toFixed(2), (123.456).toExponential(2), (1.005).toFixed(2), (25).toString(36), (1.45).toFixed(1));
console.log(parseInt('12px'), parseInt('0x1f'), parseInt('101', 2), parseInt(''), parseFloat('3.14abc'), parseFloat('.5'), Number(''), Number('12px'), Number(null), Number(undefined), Number([5]), Number(true));
console.log(Number.MAX_SAFE_INTEGER, Number.EPSILON > 0, Number.isInteger(5.0), Number.isSafeInteger(2 ** 53), isNaN('x'), Number.isNaN('x'), Number.MIN_VALUE, Number.MAX_VALUE);
console.log(Math.round(-0.5), Math.round(2.5), Math.trunc(-4.7), Math.sign(-3), Math.hypot(3, 4), Math.cbrt(27), Math.fround(5.5), Math.clz32(1), Math.max(), Math.min(), Math.log2(8), Math.atan2(1, 1));
console.log(-0, [-0], 0 === -0, Object.is(0, -0), `${-0}`, JSON.stringify(-0), 1 / -0, 123456789012345680000, 1e-7, 100, 1e100);
