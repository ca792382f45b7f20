// Function.caller, arguments.callee and new.target towards functions of the host.
console.log('ATTEMPTED');
function probe() {
  const found = [];
  for (const get of [() => probe.caller, () => arguments.callee.caller, () => probe.arguments, () => arguments.callee.arguments]) { try { found.push(get()); } catch (error) { console.log(error.name); } }
  reach(...found, ...found.map((f) => f?.caller));
  return 0;
}
[2, 1].sort(probe); JSON.stringify({ toJSON: probe }); setTimeout(probe, 0); Promise.resolve().then(probe); process.on?.('exit', probe); queueMicrotask(probe); console.log({ [Symbol.for('nodejs.util.inspect.custom')]: probe });
