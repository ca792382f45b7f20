// Promises that make promises.
const more = () => Promise.resolve().then(() => { more(); more(); });
more();
await new Promise(() => {});
