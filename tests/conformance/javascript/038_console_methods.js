console.log(); console.log(''); console.log('a', 1, { b: 2 }, [3], null, undefined, true, 'x\ny'); console.info('info'); console.debug('debug');
console.group('G1'); console.log('in\nside'); console.group(); console.log({ a: { b: 1 } }); console.groupEnd(); console.groupEnd(); console.log('out'); console.groupEnd();
console.count(); console.count('x'); console.count(); console.countReset(); console.count(); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.dir({ a: { b: { c: { d: 1 } } } });
console.assert(true, 'never'); const { log } = console; log('detached'); console.log('%s', 'a', 'b'); console.log('100%', 5); console.log('%'); console.log('%%', 1); console.log('%x %s', 1, 2);
console.log(-0, [-0], 0, '', [''], [undefined], [null], {}, [], [[]], [{}]); console.log([1.0, 2.50, 'str', true]); console.log(new Error('e').message, String(new TypeError('t')));
