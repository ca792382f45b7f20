for (const f of [() => { const c = 1; c = 2; }, () => (void 0)(), () => { const o = {}; o.missing(); }, () => [...5], () => 'x' in 5, () => 'x'.repeat(-1)]) {
  try { f(); } catch (e) { console.log(`${e.name}: ${e.message}`); }
}
