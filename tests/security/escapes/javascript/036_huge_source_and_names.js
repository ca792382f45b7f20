// Sources with deep nesting, huge names and odd line ends, given to eval and Function.
console.log('ATTEMPTED');
for (const text of ['('.repeat(200000), '['.repeat(200000), '{'.repeat(200000), '`${'.repeat(50000), 'a.'.repeat(100000) + 'a', '!'.repeat(500000) + '1', 'x=>'.repeat(100000) + '1', `var ${'a'.repeat(1000000)}=1`, '/*', '"\u2028"', '\ud800', '<!-- x\n-->y', '#!x', 'async()=>{await '.repeat(20000), 'if(1)'.repeat(100000) + '1', '-'.repeat(100000) + '1', '1+'.repeat(300000) + '1']) {
  for (const run of [() => (0, eval)(text), () => new Function(text), () => new RegExp(text), () => JSON.parse(text)]) { try { run(); } catch (error) { error.name; } }
}
