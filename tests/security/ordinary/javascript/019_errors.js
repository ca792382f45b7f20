// Errors of one's own, causes, and what a stack begins with.
class Mine extends Error { constructor(message, options) { super(message, options); this.name = 'Mine'; this.code = 42; } }
try { try { null.x; } catch (error) { throw new Mine('wrapped', { cause: error }); } } catch (error) { console.log(error.name, error.code, error.cause.name, error instanceof Mine, error.stack.split('\n')[0], String(error)); }
console.log(new AggregateError([new Error('a')], 'many').errors.length);
