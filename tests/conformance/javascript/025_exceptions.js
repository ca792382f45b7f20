class AppError extends Error { constructor(msg, code, options) { super(msg, options); this.name = 'AppError'; this.code = code; } }
function risky(n) { if (n > 2) throw new AppError('too big', 42, { cause: new RangeError('inner') }); return n; }
try { risky(3); } catch (e) { console.log(e.name, e.message, e.code, e.cause.name, e.cause.message, e instanceof AppError, e instanceof Error, String(e)); }
const order = (() => { const out = []; const f = () => { try { out.push('try'); return 'r'; } catch { out.push('catch'); } finally { out.push('finally'); } }; out.push(f()); return out; })(); console.log(order);
console.log((() => { try { return 1; } finally { return 2; } })(), (() => { for (const x of [1, 2]) { try { continue; } finally { console.log('f', x); } } return 'end'; })());
try { try { throw 1; } finally { console.log('cleanup'); } } catch (x) { console.log('outer', x); }
try { throw { custom: true }; } catch ({ custom }) { console.log(custom); } try { throw undefined; } catch (e) { console.log(e); }
for (const f of [() => undefinedVar, () => null.x, () => (1)(), () => new Array(-1), () => decodeURIComponent('%'), () => 'x'.repeat(-1), () => { const c = 1; c = 2; }, () => { x; let x; }, () => eval('('), () => Symbol() + 1, () => new (() => {})(), () => (12).toFixed(101)]) { try { f(); console.log('no error'); } catch (e) { console.log(e.name); } }
const agg = new AggregateError([new Error('a'), 2], 'multi'); console.log(agg.errors.length, agg.message, agg.name);
console.log(Object.keys(new Error('x')), 'stack' in new Error('x'), new Error('m', { cause: 0 }).cause, Error('no new') instanceof Error, Error.prototype.toString.call({ name: 'N', message: 'M' }));
