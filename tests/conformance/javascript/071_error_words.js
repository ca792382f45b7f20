for (const f of [() => null.x, () => undefined.y.z, () => { null.a = 1; }, () => { t; let t; }, () => 1n + 1, () => `${Symbol('s')}`, () => new Array(-1), () => undeclared]) {
  try { f(); } catch (e) { console.log(`${e.name}: ${e.message}`); }
}
