const s = 'Hello, World';
console.log(s.slice(-5), s.substring(5, 2), s.substr(-3, 2), s.at(-1), s.charCodeAt(0), s.codePointAt(0), s.indexOf('o', 5), s.includes('World'), s.startsWith('World', 7), s.endsWith('lo', 5));
console.log('abc'.padStart(5, '12'), 'abc'.padEnd(6, '-'), '  x '.trim() + '|', '  x '.trimStart() + '|', 'ab'.repeat(3), 'a-b-c'.split('-', 2), 'abc'.split(''), ''.split(','), ''.split(''));
console.log('İ'.toLowerCase().length, 'ß'.toUpperCase(), 'ΑΣ'.toLowerCase(), 'é'.normalize('NFD').length, 'e\u0301'.normalize() === 'é', '😀'.length, [...'😀'].length, '😀'.codePointAt(0).toString(16), String.fromCodePoint(128512), '😀'.split(''));
console.log('a'.localeCompare('b'), 'b'.localeCompare('a'), 'a'.localeCompare('a'), 'abc'.concat(1, null), 'x'.anchor ? 1 : 0, 'ab\u{1F600}'.at(2), 'ab'[5], 'abc'['length'], 'z'.charAt(9) === '');
console.log('$1,234'.replace('$', '€'), 'aXbX'.replaceAll('X', (m, i) => i), 'x-y'.replace(/(x)-(y)/, '$2-$1'), 'a\tb\\n', 'it\'s', "say \"hi\"", `b\`t`, 'a\u0000b'.length, ['a\nb'], 'well'.isWellFormed?.(), '\ud800'.toWellFormed?.().charCodeAt(0));
