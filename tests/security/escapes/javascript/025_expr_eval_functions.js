// Functions handed in as values of variables of an expression.
// advisory: CVE-2025-12735 (expr-eval)
const evaluate = (text, values) => new Function(...Object.keys(values), `return (${text})`)(...Object.values(values));
for (const [text, values] of [['f("fs")', { f: require }], ['f("return process")()', { f: Function }], ['a.b("import(\'fs\')")', { a: { b: eval } }], ['x.constructor.constructor("return this")()', { x: 1 }]]) {
  try { const got = evaluate(text, values); reach(got); got?.catch?.(() => {}); } catch (error) { console.log(error.name); }
}
console.log('ATTEMPTED');
