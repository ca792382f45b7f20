// The methods of strings, templates and tags.
const tag = (parts, ...values) => parts.raw.map((part, i) => part + (values[i] ?? '')).join('|');
console.log('abc'.padStart(5, '*'), 'a-b-c'.replaceAll('-', '+'), 'ß'.toUpperCase(), ' x '.trim(), 'abc'.at(-1), 'x'.repeat(3), tag`a${1}\n${2}b`, 'b'.localeCompare('a'), 'é'.normalize('NFD').length, 'abc'.codePointAt(1), 'a,b'.split(','), encodeURIComponent('ä&b'));
