// Native functions with lengths that no buffer has.
console.log('ATTEMPTED');
for (const act of [() => crypto.getRandomValues(new Uint8Array(1 << 20)), () => crypto.getRandomValues(new Float64Array(1)), () => crypto.randomUUID(), () => crypto.subtle, () => new TextDecoder('utf-16le').decode(new Uint8Array(3)), () => new TextDecoder('x'), () => new TextEncoder().encodeInto('x'.repeat(100), new Uint8Array(3)), () => atob('\ud800'), () => btoa('\u0100'), () => structuredClone(new Proxy({}, {})), () => structuredClone(() => {}), () => performance.now.call(null)]) {
  try { reach(act()); } catch (error) { console.log(error.name); }
}
