const big = 2n ** 100n;
console.log(big, big.toString(16), -7n / 2n, -7n % 3n, 5n << 70n, BigInt.asUintN(8, 257n), BigInt.asIntN(8, 255n));
console.log(1n < 2, 2n == 2, 2n === 2, typeof big, BigInt('0xff'), BigInt(10) * 3n, 0n ? 't' : 'f', [3n, 1, 2n].sort());
let f = 1n; for (let i = 1n; i <= 25n; i++) f *= i; console.log(f, f.toString().length);
try { 1n + 1; } catch (e) { console.log(e.name); } try { BigInt(1.5); } catch (e) { console.log(e.name); } try { 1n / 0n; } catch (e) { console.log(e.name); }
console.log(Number(2n ** 64n), parseInt('123n'), 10n ** 20n, { big: 5n }, [1n, 2n]);
