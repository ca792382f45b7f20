// An async function that never gives way.
(async () => { for (;;) await null; })();
await new Promise(() => {});
