// Handlers that run after the program: exit events, unhandled rejections, finalizers.
console.log('ATTEMPTED');
for (const name of ['exit', 'beforeExit', 'uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'message', 'disconnect', 'warning']) { try { process.on(name, (...args) => { reach(...args); while (name === 'SIGINT') { /* stay */ } }); } catch (error) { console.log(error.name); } }
new FinalizationRegistry((held) => reach(held)).register({}, globalThis);
Promise.reject({ get stack() { reach(this); throw 1; }, toString() { throw 2; } });
setTimeout(() => { throw new Error('late'); }, 1);
