// What `require` and `import` find.
// An expression: (host) => { names, get }.
(host) => {
  'use strict';
  const { Error, JSON, Map, Object, Promise, Set, String } = host.globals;
  const { core } = host;
  const made = new Map();
  const makers = {
    assert: () => makeAssert(host),
    companion: () => host.load('companion')(host),
    console: () => core.console,
    events: () => core.events(),
    fs: () => host.files().fs,
    'fs/promises': () => host.files().promises,
    path: () => host.load('path')(host),
    'path/posix': () => get('path'),
    perf_hooks: () => ({ performance: host.globals.performance }),
    process: () => core.process,
    timers: () => ({ ...core.loop }),
    'timers/promises': () => timersPromises(),
    url: () => ({ URL: globalThis.URL, URLSearchParams: globalThis.URLSearchParams }),
    util: () => makeUtil(host),
  };
  makers['assert/strict'] = () => get('assert').strict;
  const names = Object.keys(makers).sort();
  const get = (name) => {
    if (!Object.hasOwn(makers, name)) return undefined;
    if (!made.has(name)) made.set(name, makers[name]());
    return made.get(name);
  };

  const timersPromises = () => {
    const { setTimeout: later, setImmediate: soon } = core.loop;
    return {
      setTimeout: (delay, value) => new Promise((resolve) => { later(() => resolve(value), delay); }),
      setImmediate: (value) => new Promise((resolve) => { soon(() => resolve(value)); }),
      scheduler: { wait: (delay) => new Promise((resolve) => { later(resolve, delay); }), yield: () => new Promise((resolve) => { soon(resolve); }) },
    };
  };

  const makeUtil = () => {
    const { inspect, format } = host.util();
    const isObject = (value) => value !== null && typeof value === 'object';
    const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
    const types = {
      isPromise: (value) => host.promise(value) !== undefined && host.promise(value) !== null,
      isProxy: (value) => Boolean(host.proxy(value)),
      isNativeError: (value) => host.isError(value),
      isMap: (value) => value instanceof Map,
      isSet: (value) => value instanceof Set,
      isDate: (value) => isObject(value) && tag(value) === 'Date',
      isRegExp: (value) => isObject(value) && tag(value) === 'RegExp',
      isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
      isAsyncFunction: (value) => typeof value === 'function' && /^Async/.test(tag(value)),
      isGeneratorFunction: (value) => typeof value === 'function' && /GeneratorFunction$/.test(tag(value)),
      isGeneratorObject: (value) => isObject(value) && tag(value) === 'Generator',
      isArrayBuffer: (value) => value instanceof ArrayBuffer,
      isBoxedPrimitive: (value) => isObject(value) && /^(Number|String|Boolean|BigInt|Symbol)$/.test(tag(value)),
    };
    const promisify = (original) => {
      if (typeof original !== 'function') throw host.invalidArgument('original', 'of type function', original);
      const custom = original[promisify.custom];
      if (custom) return custom;
      return Object.defineProperty(function promisified(...args) {
        return new Promise((resolve, reject) => {
          original.call(this, ...args, (error, value) => (error ? reject(error) : resolve(value)));
        });
      }, 'name', { value: original.name, configurable: true });
    };
    promisify.custom = Symbol.for('nodejs.util.promisify.custom');
    Object.defineProperty(core.loop.setTimeout, promisify.custom, { value: timersPromises().setTimeout, configurable: true });
    return {
      inspect,
      format,
      types,
      promisify,
      callbackify: (original) => (...args) => {
        const callback = args.pop();
        original(...args).then((value) => core.process.nextTick(callback, null, value), (error) => core.process.nextTick(callback, error));
      },
      deprecate: (call) => call,
      inherits(constructor, parent) {
        Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true });
        Object.setPrototypeOf(constructor.prototype, parent.prototype);
      },
      isDeepStrictEqual: (a, b) => deepEqual(a, b, true),
      isArray: Array.isArray,
      stripVTControlCharacters: (text) => text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, ''),
      toUSVString: (text) => String(text).toWellFormed(),
      get TextEncoder() { return globalThis.TextEncoder; },
      get TextDecoder() { return globalThis.TextDecoder; },
    };
  };

  // Structural equality as `assert.deepStrictEqual` (strict) and `assert.deepEqual` mean it.
  const deepEqual = (a, b, strict, pairs = new Map()) => {
    if (Object.is(a, b)) return true;
    const plain = (value) => value === null || (typeof value !== 'object' && typeof value !== 'function');
    // eslint-disable-next-line eqeqeq
    if (plain(a) || plain(b)) return strict ? false : plain(a) && plain(b) && (a == b || (a !== a && b !== b));
    if (typeof a !== typeof b || typeof a === 'function') return false;
    if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    const tag = (value) => Object.prototype.toString.call(value);
    if (tag(a) !== tag(b) || Array.isArray(a) !== Array.isArray(b)) return false;
    if (pairs.get(a) === b) return true;
    pairs.set(a, b);
    if (a instanceof Date && b instanceof Date && a.getTime() !== b.getTime()) return false;
    if (a instanceof RegExp && String(a) !== String(b)) return false;
    if (host.isError(a) && (a.message !== b.message || a.name !== b.name)) return false;
    if (/^\[object (Number|String|Boolean|BigInt|Symbol)\]$/.test(tag(a)) && !Object.is(a.valueOf(), b.valueOf())) return false;
    if (a instanceof ArrayBuffer) return deepEqual(new Uint8Array(a), new Uint8Array(b), strict, pairs);
    if (a instanceof Set && b instanceof Set) {
      if (a.size !== b.size) return false;
      const rest = [...b];
      for (const item of a) {
        const at = rest.findIndex((other) => deepEqual(item, other, strict, new Map(pairs)));
        if (at === -1) return false;
        rest.splice(at, 1);
      }
    }
    if (a instanceof Map && b instanceof Map) {
      if (a.size !== b.size) return false;
      const rest = [...b];
      for (const [key, value] of a) {
        const at = rest.findIndex(([k, v]) => deepEqual(key, k, strict, new Map(pairs)) && deepEqual(value, v, strict, new Map(pairs)));
        if (at === -1) return false;
        rest.splice(at, 1);
      }
    }
    if (Array.isArray(a) && a.length !== b.length) return false;
    const keys = (value) => [...Object.keys(value), ...(strict ? Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)) : [])];
    const left = keys(a);
    if (left.length !== keys(b).length) return false;
    return left.every((key) => Object.hasOwn(b, key) && deepEqual(a[key], b[key], strict, pairs));
  };

  const makeAssert = () => {
    const { inspect } = host.util();
    class AssertionError extends Error {
      constructor({ message, actual, expected, operator }) {
        super(message);
        this.generatedMessage = false;
        this.code = 'ERR_ASSERTION';
        this.actual = actual;
        this.expected = expected;
        this.operator = operator;
      }
      get name() { return 'AssertionError'; }
      get [Symbol.toStringTag]() { return 'Error'; }
    }
    const check = (holds, message, operator, actual, expected, text) => {
      if (holds) return;
      if (host.isError(message)) throw message;
      throw new AssertionError({ message: message ?? text(), actual, expected, operator });
    };
    const show = (value) => inspect(value, { depth: 10 });
    const matches = (error, expected) => {
      if (expected === undefined) return true;
      if (expected instanceof RegExp) return expected.test(String(error));
      if (typeof expected === 'function') {
        if (expected.prototype !== undefined && error instanceof expected) return true;
        if (Error.isPrototypeOf(expected)) return false;
        return expected.call({}, error) === true;
      }
      return Object.keys(expected).every((key) => (expected[key] instanceof RegExp && typeof error[key] === 'string'
        ? expected[key].test(error[key]) : deepEqual(error[key], expected[key], true)));
    };
    const thrown = (error, expected, message, operator) => {
      if (typeof expected === 'string') return;
      check(matches(error, expected), message, operator, error, expected, () => `The error is not the expected one: ${show(error)}`);
    };
    const truthy = (value, message) =>
      check(value, message, '==', value, true, () => 'The expression evaluated to a falsy value');
    const assert = (value, message) => truthy(value, message);
    const methods = {
      ok: truthy,
      // eslint-disable-next-line eqeqeq
      equal: (a, b, m) => check(a == b || (a !== a && b !== b), m, '==', a, b, () => `${show(a)} == ${show(b)}`),
      // eslint-disable-next-line eqeqeq
      notEqual: (a, b, m) => check(a != b, m, '!=', a, b, () => `${show(a)} != ${show(b)}`),
      strictEqual: (a, b, m) => check(Object.is(a, b), m, 'strictEqual', a, b,
        () => `Expected values to be strictly equal:\n\n${show(a)} !== ${show(b)}\n`),
      notStrictEqual: (a, b, m) => check(!Object.is(a, b), m, 'notStrictEqual', a, b,
        () => `Expected "actual" to be strictly unequal to: ${show(b)}`),
      deepEqual: (a, b, m) => check(deepEqual(a, b, false), m, 'deepEqual', a, b,
        () => `Expected values to be loosely deep-equal:\n\n${show(a)}\n\nshould loosely deep-equal\n\n${show(b)}`),
      deepStrictEqual: (a, b, m) => check(deepEqual(a, b, true), m, 'deepStrictEqual', a, b,
        () => `Expected values to be strictly deep-equal:\n${show(a)}\n\nshould equal\n\n${show(b)}`),
      notDeepEqual: (a, b, m) => check(!deepEqual(a, b, false), m, 'notDeepEqual', a, b,
        () => `Expected "actual" not to be loosely deep-equal to: ${show(b)}`),
      notDeepStrictEqual: (a, b, m) => check(!deepEqual(a, b, true), m, 'notDeepStrictEqual', a, b,
        () => `Expected "actual" not to be strictly deep-equal to: ${show(b)}`),
      match: (text, pattern, m) => check(pattern.test(text), m, 'match', text, pattern,
        () => `The input did not match the regular expression ${pattern}. Input:\n\n${show(text)}\n`),
      doesNotMatch: (text, pattern, m) => check(!pattern.test(text), m, 'doesNotMatch', text, pattern,
        () => `The input was expected to not match the regular expression ${pattern}. Input:\n\n${show(text)}\n`),
      fail: (message = 'Failed') => check(false, message, 'fail', undefined, undefined, () => 'Failed'),
      ifError: (value) => check(value === null || value === undefined, undefined, 'ifError', value, null,
        () => `ifError got unwanted exception: ${value?.message ?? show(value)}`),
      throws(call, expected, message) {
        let error;
        try { call(); } catch (caught) { error = { caught }; }
        check(error, typeof expected === 'string' ? expected : message, 'throws', undefined, expected, () => 'Missing expected exception.');
        thrown(error.caught, expected, message, 'throws');
      },
      doesNotThrow(call, message) {
        try { call(); } catch (error) {
          check(false, typeof message === 'string' ? message : undefined, 'doesNotThrow', error, undefined,
            () => `Got unwanted exception.\nActual message: "${error?.message}"`);
        }
      },
      async rejects(promise, expected, message) {
        let error;
        try { await (typeof promise === 'function' ? promise() : promise); } catch (caught) { error = { caught }; }
        check(error, typeof expected === 'string' ? expected : message, 'rejects', undefined, expected, () => 'Missing expected rejection.');
        thrown(error.caught, expected, message, 'rejects');
      },
      async doesNotReject(promise, message) {
        try { await (typeof promise === 'function' ? promise() : promise); } catch (error) {
          check(false, message, 'doesNotReject', error, undefined, () => `Got unwanted rejection.\nActual message: "${error?.message}"`);
        }
      },
    };
    Object.assign(assert, methods, { AssertionError });
    assert.strict = Object.assign((value, message) => truthy(value, message), methods, {
      equal: methods.strictEqual, notEqual: methods.notStrictEqual,
      deepEqual: methods.deepStrictEqual, notDeepEqual: methods.notDeepStrictEqual, AssertionError,
    });
    assert.strict.strict = assert.strict;
    return assert;
  };

  // The text of an ES module with the exports of a built-in one.
  const moduleText = (name) => {
    const found = get(name);
    if (found === undefined) return undefined;
    const keys = Object.keys(found).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default');
    // `as` lets an export be called what no binding may be called.
    const names = keys.map((key, at) => `const e${at} = m[${JSON.stringify(key)}]; export { e${at} as ${key} };`);
    return `const m = globalThis[Symbol.for('companion.require')](${JSON.stringify(name)}); export default m; ${names.join(' ')}`;
  };

  return { names, get, moduleText };
}
