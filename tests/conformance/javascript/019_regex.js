const m = '2024-02-29'.match(/(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)/);
console.log(m.groups.y, m.index, { ...m.groups }, m);
console.log('price: $10, €20'.replace(/(?<=[$€])\d+/g, (n) => n * 2), 'abc'.replace(/(?<x>b)/, '[$<x>$&$1$`$\']'));
console.log([...'a1b22c333'.matchAll(/([a-z])(\d+)/g)].map(([, l, d]) => l + d.length));
const sticky = /foo/y; sticky.lastIndex = 3; console.log(sticky.test('barfoo'), sticky.lastIndex, sticky.test('barfoo'));
console.log(/\p{Lu}\p{L}+/u.exec('été Été')[0], /^.$/u.test('😀'), /^.$/.test('😀'), /a.c/s.test('a\nc'));
console.log('a,b;c d'.split(/[,; ]/), 'a1b2'.split(/(\d)/), 'x'.search(/y/), /[/\]]+/.source, /a/gimsuy.flags);
console.log('aBc'.replace(/b/i, (x) => `<${x}>`), 'aaa'.replaceAll('a', 'b'), 'aaa'.lastIndexOf('a'), /(a)|(b)/.exec('b'));
console.log(/(?:(\w+)@(\w+))\.com/.exec('me@site.com').slice(1), /\bfoo\b/.test('a foo b'), /(\w)\1/.exec('hello')[0], /^(?!.*bad)/.test('good'));
const re = /o/g; let r; while ((r = re.exec('foo boo'))) console.log(r.index, re.lastIndex);
try { new RegExp('('); } catch (e) { console.log(e.name); }
