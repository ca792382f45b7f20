// this.constructor.constructor of whatever a document's script is called with.
// advisory: CVE-2025-61927 (happy-dom)
const document = { body: {}, createElement: () => ({}) };
reach(this?.constructor?.constructor, document.constructor.constructor, typeof arguments === 'undefined' ? undefined : arguments.length, typeof module === 'undefined' ? undefined : module, typeof exports === 'undefined' ? undefined : exports?.constructor?.constructor);
(function () { reach(this, this?.constructor?.constructor, new.target, arguments.length); }).call(undefined);
