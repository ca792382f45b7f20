// A real error with a stack that does not end.
const error = new Error('x');
Object.defineProperty(error, 'stack', { get() { for (;;); } });
Object.defineProperty(error, 'name', { get() { for (;;); } });
throw error;
