const thenable = { then(resolve) { console.log('then called'); resolve('from thenable'); } };
(async () => { console.log(await thenable); })();
Promise.resolve(thenable).then((v) => console.log('resolved', v));
Promise.reject(1).catch((e) => { console.log('c', e); return 2; }).then((v) => { console.log('t', v); throw 3; }).catch((e) => console.log('end', e));
const { promise, resolve } = (() => { let resolve; const promise = new Promise((r) => { resolve = r; }); return { promise, resolve }; })();
promise.then((v) => console.log('outside', v)); resolve('x'); resolve('ignored');
