// Native functions that call back into themselves.
const thing = { toString() { return String(this); }, toJSON() { return JSON.stringify(thing); } };
try { String(thing); } catch { /* the stack */ }
JSON.stringify(thing);
