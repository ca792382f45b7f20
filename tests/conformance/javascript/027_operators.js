console.log(1 + '2', '3' * '4', [] + {}, [] + [], +[], +{}, +'', +' 12 ', +'0x1f', 1 / 0, -1 / 0, 0 / 0);
console.log(null == undefined, null == 0, '' == 0, '0' == false, NaN == NaN, [1] == 1, 'b' > 'a', '10' < '9', 10 < 9, null >= 0);
console.log(5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 31, -1 >>> 0, -9 >> 1, 2 ** 10, (-2) ** 3, 7 % -3, -7 % 3, 5.5 % 2);
console.log(typeof null, typeof undefined, typeof (() => {}), typeof 1n, typeof Symbol(), void 0, typeof undeclared, typeof class {});
let i = 1; console.log(i++ + ++i, i, (1, 2, 3), !'' + !'a', !!NaN, 'a' in { a: 1 }, [] instanceof Object, delete {}.x);
console.log(0.1 + 0.2, 0.1 * 3, 9007199254740993, 0xff, 0b101, 0o17, 1e3, .5, 5., 1_000_000);
