// Async generators and for await.
async function* pages() { for (let n = 0; n < 3; n++) { await null; yield n * 10; } }
(async () => { const out = []; for await (const page of pages()) out.push(page); for await (const x of [Promise.resolve(1), 2]) out.push(x); console.log(out); })();
