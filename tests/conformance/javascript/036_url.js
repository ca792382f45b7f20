const u = new URL('https://user:pa%20ss@Example.com:8080/a/./b/../c%20d?x=1&y=2&x=3#frag');
console.log(u.href, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.origin, u.username, u.password, u.protocol);
console.log(u.searchParams.get('x'), u.searchParams.getAll('x'), [...u.searchParams], u.searchParams.has('z'));
u.searchParams.append('z', 'a b&c'); u.pathname = '/new path'; u.port = '443'; u.hash = ''; console.log(u.toString(), JSON.stringify({ u }));
console.log(new URL('../x', 'http://h/a/b/c').href, new URL('//other/p', 'https://h').href, new URL('http://EXAMPLE.com:80').href, new URL('file:///a/b').pathname, new URL('http://münchen.de/ä?ö').href);
console.log(URL.canParse('nope'), URL.canParse('a:b')); try { new URL('nope'); } catch (e) { console.log(e.name, e.code, e.message); }
const p = new URLSearchParams({ a: '1', b: 'x y' }); p.set('a', 2); p.delete('b'); p.append('é', '&='); p.sort(); console.log(p.toString(), p.size, p);
console.log(new URLSearchParams('?q=a+b%20c&empty&=v').toString(), [...new URLSearchParams([['k', 'v']]).keys()], new URLSearchParams('a=1&a=2').getAll('a')); console.log(u);
