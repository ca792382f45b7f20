// Catches the error of a stack that is full: it may come from outside.
// advisory: CVE-2019-10761 (vm2), CVE-2023-26122 (safe-eval)
const fall = () => { new Error().stack; fall(); };
try { fall(); } catch (error) { reach(error, error.constructor, error.constructor.constructor, error.__proto__); }
const deep = (n) => { try { deep(n + 1); } catch (error) { if (n % 500 === 0) reach(error.constructor.constructor); throw error; } };
try { deep(0); } catch (error) { reach(error.constructor.constructor); }
