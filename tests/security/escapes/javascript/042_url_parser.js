// Texts that are hostile to a native parser of addresses.
console.log('ATTEMPTED');
for (const text of ['http://' + 'a'.repeat(100000), 'http://[' + ':'.repeat(10000), 'file://@SECRET_PATH@', 'javascript:process', 'http://\ud800', 'http://a:99999', 'x'.repeat(1000000), '//', 'http://%00', 'http://xn--' + 'a'.repeat(1000), 'blob:http://x', 'data:,' + '%'.repeat(100000)]) {
  try { const url = new URL(text); url.host = 'b'.repeat(1000); url.searchParams.append('x', '\ud800'); url.href.length; reach(url.constructor.constructor); } catch (error) { error.name; }
}
