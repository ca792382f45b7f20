// Waits for what never comes.
// expect: limit error died ok
await new Promise(() => {});
