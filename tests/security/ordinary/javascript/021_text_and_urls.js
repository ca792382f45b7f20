// TextEncoder, URL and base64.
const bytes = new TextEncoder().encode('naïve ☃');
const url = new URL('https://user@example.com:8080/a/../b?x=1&y=2#top');
url.searchParams.append('z', 'ä b');
console.log(bytes.length, new TextDecoder().decode(bytes), url.pathname, url.port, url.search, [...new URLSearchParams('a=1&a=2').getAll('a')], btoa('hello'), atob('aGVsbG8='));
