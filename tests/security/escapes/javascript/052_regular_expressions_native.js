// Compiles and runs expressions that are hard on a native engine's memory and stack.
console.log('ATTEMPTED');
for (const text of ['(?<a>'.repeat(300) + ')'.repeat(300), '('.repeat(30000) + ')'.repeat(30000), '[' + 'a-z'.repeat(100000) + ']', 'x{65535}{65535}', '(?:x{1000}){1000}', '\\u{10ffff}', '(?<=(?<!x)*)', '\\k<a>(?<a>x)', '(?:(?=(a))*)*b', '[^]'.repeat(100000)]) {
  for (const flags of ['', 'u', 'v', 'gi', 'y']) { try { const made = new RegExp(text, flags); made.lastIndex = -1; made.exec('a'.repeat(200)); 'x'.replace(made, '$<a>$1$99'); } catch (error) { error.name; } }
}
