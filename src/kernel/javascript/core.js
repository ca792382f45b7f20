// The globals that every cell may need at once: console, timers, process, and the places where lazily
// compiled pieces hang. An expression: (host, load) => core. `host` has the Rust functions, `load(name)`
// compiles another piece. What is used after user code has run is captured here first.
(host, load) => {
  'use strict';
  const globals = { __proto__: null };
  const reflection = globalThis.Object;
  for (const name of reflection.getOwnPropertyNames(globalThis)) {
    const own = reflection.getOwnPropertyDescriptor(globalThis, name);
    if ('value' in own) globals[name] = own.value;
  }
  host.globals = globals;
  const {
    Array, Error, Map, Math, Number, Object, Promise, Reflect, Set, String, Symbol, TypeError, WeakMap, BigInt, RangeError,
  } = globals;
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const { apply } = Reflect;
  const hasOwn = Object.hasOwn;

  const hidden = (target, name, value) =>
    defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
  // A global that is compiled when it is first looked at; assigning to it works as on any other.
  host.lazyGetters = new Set();
  const lazy = (target, name, make, enumerable = false) => defineProperty(target, name, {
    configurable: true,
    enumerable,
    get: (() => {
      const get = () => {
        const value = make();
        defineProperty(target, name, { value, writable: true, enumerable, configurable: true });
        return value;
      };
      host.lazyGetters.add(get);
      return get;
    })(),
    set(value) { defineProperty(target, name, { value, writable: true, enumerable, configurable: true }); },
  });
  const once = (make) => {
    let made;
    return () => (made ??= { value: make() }).value;
  };
  const piece = (name) => once(() => load(name)(host));
  host.util = piece('inspect');
  const inspect = (value, options) => host.util().inspect(value, options);
  const format = (...args) =>
    (args.length === 1 && typeof args[0] === 'string' ? args[0] : host.util().format(...args));

  // Errors --------------------------------------------------------------------------------------

  const invalidArgument = (name, expected, value) => {
    const got = value == null ? ` Received ${value}`
      : typeof value === 'function' ? ` Received function ${value.name}`
        : typeof value === 'object' ? ` Received an instance of ${value.constructor?.name ?? 'Object'}`
          : ` Received type ${typeof value} (${inspect(value)})`;
    return Object.assign(new TypeError(`The "${name}" argument must be ${expected}.${got}`), { code: 'ERR_INVALID_ARG_TYPE' });
  };
  host.invalidArgument = invalidArgument;
  const isEngineError = host.isError;
  host.isError = (value) => isEngineError(value) || (value !== null && typeof value === 'object' && value instanceof globals.DOMException);

  // The scripts that we hand to QuickJS have one line of ours before the user's first.
  const shifted = new Set();
  const places = new WeakMap();
  const isOurs = (file) => typeof file === 'string' && file.startsWith('companion:');
  const header = (error) => {
    try {
      const name = error.name === undefined ? 'Error' : String(error.name);
      const message = error.message === undefined ? '' : String(error.message);
      return name === '' ? message : message === '' ? name : `${name}: ${message}`;
    } catch {
      return 'Error';
    }
  };
  // The engine's words for the commonest mistakes, in the words that people know and search for.
  const { exec } = globals.RegExp.prototype;
  const words = [
    [/^cannot read property '(.*)' of (null|undefined)$/s, (name, of) => `Cannot read properties of ${of} (reading '${name}')`],
    [/^cannot set property '(.*)' of (null|undefined)$/s, (name, of) => `Cannot set properties of ${of} (setting '${name}')`],
    [/^(\S+) is not initialized$/, (name) => `Cannot access '${name}' before initialization`],
    [/^cannot convert BigInt to number$/, () => 'Cannot mix BigInt and other types, use explicit conversions'],
    [/^cannot convert symbol to string$/, () => 'Cannot convert a Symbol value to a string'],
    [/^invalid array length$/, () => 'Invalid array length'],
  ];
  const reword = (error) => {
    const own = getOwnPropertyDescriptor(error, 'message');
    if (typeof own?.value !== 'string' || own.value.length > 300) return;
    for (let i = 0; i < words.length; i++) {
      const found = apply(exec, words[i][0], [own.value]);
      if (found === null) continue;
      hidden(error, 'message', words[i][1](found[1], found[2]));
      return;
    }
  };
  // The frames are formatted when an error is made, its header when somebody looks: so it has the name
  // that a constructor gave it.
  const frames = new WeakMap();
  Error.prepareStackTrace = (error, sites) => {
    let text = '';
    let place;
    // A parser's error has the place in the text as its only frame.
    const isParse = sites.length === 1 && error?.name === 'SyntaxError' && !sites[0].getFunctionName();
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i];
      const file = site.getFileName();
      if (isOurs(file)) continue;
      const name = site.getFunctionName() ?? '';
      const where = site.isNative() || !file ? undefined : file;
      if (where === undefined) {
        // A native function called by one of ours is ours as well.
        if (i + 1 < sites.length && isOurs(sites[i + 1].getFileName())) continue;
        if (name !== '' && !name.startsWith('<')) text += `\n    at ${name} (<anonymous>)`;
        continue;
      }
      let line = site.getLineNumber();
      if (shifted.has(where)) line--;
      if (line < 1) continue;
      const column = site.getColumnNumber();
      place ??= [where, line, column, isParse];
      const at = `${where}:${line}:${column}`;
      if (isParse) break;
      text += name === '' || name.startsWith('<') ? `\n    at ${at}` : `\n    at ${name} (${at})`;
    }
    if (error !== null && typeof error === 'object') {
      if (place !== undefined) places.set(error, place);
      if (isEngineError(error)) reword(error);
      frames.set(error, text);
    }
    return text;
  };
  const stack = getOwnPropertyDescriptor(Error.prototype, 'stack');
  const isBare = (error, text) => frames.has(error) && frames.get(error) === text;
  defineProperty(Error.prototype, 'stack', {
    ...stack,
    get() {
      const text = apply(stack.get, this, []);
      if (text === null) return header(this); // the stack had overflowed: there was no room for frames
      if (!isBare(this, text)) return text;
      frames.delete(this);
      const whole = header(this) + text;
      apply(stack.set, this, [whole]);
      return whole;
    },
  });
  const { captureStackTrace } = Error;
  hidden(Error, 'captureStackTrace', (target, above) => {
    captureStackTrace(target, above ?? Error.captureStackTrace);
    if (isBare(target, target.stack)) hidden(target, 'stack', header(target) + target.stack);
  });

  // Console -------------------------------------------------------------------------------------

  const wellFormed = (text) => String.prototype.toWellFormed.call(text);
  const write = (stream, text) => host.write(stream, wellFormed(text));
  let indent = '';
  const print = (stream, text) => {
    const body = indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`);
    write(stream, `${body}\n`);
  };
  const counts = new Map();
  const clocks = new Map();
  const warning = (text) => write(1, `${text}\n`);
  const elapsed = (ms) => {
    if (ms < 1000) return `${ms.toFixed(3).replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : ''))}ms`;
    if (ms < 60000) return `${(ms / 1000).toFixed(3)}s`;
    const minutes = Math.floor(ms / 60000);
    return `${minutes}:${((ms % 60000) / 1000).toFixed(3).padStart(6, '0')} (m:ss.mmm)`;
  };
  const clock = (label, args, verb, keep) => {
    const name = `${label}`;
    if (!clocks.has(name)) return warning(`Warning: No such label '${name}' for console.${verb}()`);
    const text = `${name}: ${elapsed(host.now() - clocks.get(name))}`;
    if (!keep) clocks.delete(name);
    print(0, args.length ? `${text} ${format(...args)}` : text);
  };

  const makeTable = (data, only) => {
    const { inspect: show, width } = host.util();
    const cell = (value) => show(value, { maxArrayLength: 3, depth: value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0, breakLength: Infinity });
    const INDEX = '(index)';
    const VALUES = 'Values';
    const draw = (head, columns) => {
      const rows = Math.max(0, ...columns.map((column) => column.length));
      const widths = head.map((title, i) => Math.max(width(title), ...columns[i].map((text) => width(text ?? ''))) + 2);
      const rule = (left, middle, right) => left + widths.map((size) => '─'.repeat(size)).join(middle) + right;
      const line = (cells) => `│${cells.map((text, i) => {
        return ` ${text}${' '.repeat(widths[i] - width(text) - 1)}`;
      }).join('│')}│`;
      const lines = [rule('┌', '┬', '┐'), line(head), rule('├', '┼', '┤')];
      for (let i = 0; i < rows; i++) lines.push(line(columns.map((column) => column[i] ?? '')));
      return [...lines, rule('└', '┴', '┘')].join('\n');
    };
    const isObject = (value) => value !== null && (typeof value === 'object' || typeof value === 'function');
    if (data instanceof Map) {
      const keys = [];
      const values = [];
      for (const [key, value] of data) { keys.push(cell(key)); values.push(cell(value)); }
      return draw(['(iteration index)', 'Key', VALUES], [keys.map((_, i) => String(i)), keys, values]);
    }
    if (data instanceof Set) {
      const values = [...data].map(cell);
      return draw(['(iteration index)', VALUES], [values.map((_, i) => String(i)), values]);
    }
    const index = Object.keys(data);
    const columns = new Map();
    const plain = [];
    index.forEach((key, row) => {
      const item = data[key];
      if (!isObject(item)) { plain[row] = cell(item); return; }
      for (const name of only ?? Object.keys(item)) {
        if (!columns.has(name)) columns.set(name, []);
        columns.get(name)[row] = hasOwn(item, name) ? cell(item[name]) : '';
      }
    });
    const fill = (column) => Array.from(index, (_, row) => column[row] ?? '');
    const head = [INDEX, ...columns.keys()];
    const body = [index, ...Array.from(columns.values(), fill)];
    if (plain.length) { head.push(VALUES); body.push(fill(plain)); }
    return draw(head, body);
  };

  const console = Object.create({});
  const methods = {
    log(...args) { print(0, format(...args)); },
    warn(...args) { print(1, format(...args)); },
    dir(value, options) { print(0, inspect(value, { customInspect: false, ...options })); },
    time(label = 'default') {
      const name = `${label}`;
      if (clocks.has(name)) return warning(`Warning: Label '${name}' already exists for console.time()`);
      clocks.set(name, host.now());
    },
    timeEnd(label = 'default') { clock(label, [], 'timeEnd', false); },
    timeLog(label = 'default', ...args) { clock(label, args, 'timeLog', true); },
    trace(...args) {
      const error = { name: 'Trace', message: format(...args) };
      Error.captureStackTrace(error, methods.trace);
      print(1, error.stack);
    },
    assert(condition, ...args) {
      if (condition) return;
      if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`;
      else args.unshift('Assertion failed');
      print(1, format(...args));
    },
    clear() {},
    count(label = 'default') {
      const name = `${label}`;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      print(0, `${name}: ${count}`);
    },
    countReset(label = 'default') {
      const name = `${label}`;
      if (!counts.delete(name)) warning(`Warning: Count for '${name}' does not exist`);
    },
    group(...args) {
      if (args.length) print(0, format(...args));
      indent += '  ';
    },
    groupEnd() { indent = indent.slice(2); },
    table(data, only) {
      if (only !== undefined && !Array.isArray(only)) throw invalidArgument('properties', 'an instance of Array', only);
      if (data === null || typeof data !== 'object') return print(0, format(data));
      print(0, makeTable(data, only));
    },
  };
  const aliases = { debug: 'log', info: 'log', dirxml: 'log', error: 'warn', groupCollapsed: 'group' };
  for (const name of ['log', 'warn', 'dir', 'time', 'timeEnd', 'timeLog', 'trace', 'assert', 'clear', 'count', 'countReset', 'group', 'groupEnd', 'table', 'debug', 'info', 'dirxml', 'error', 'groupCollapsed']) {
    console[name] = methods[aliases[name] ?? name];
    if (aliases[name]) {
      const target = methods[aliases[name]];
      console[name] = { [name](...args) { apply(target, console, args); } }[name];
    }
  }
  defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true });
  hidden(globalThis, 'console', console);

  // The event loop ------------------------------------------------------------------------------

  let timers = []; // by due time, then by age
  let immediates = [];
  let batch = []; // the immediates of this round
  let ticks = [];
  let inTimers = false; // the first round begins with a look at the clock
  let isFirst = true;
  let clockMs = Math.floor(host.now()); // as in libuv: stands still while callbacks run
  let lastId = 0;
  const byId = new Map();

  class Timeout {
    #id;
    #delay;
    #call;
    #repeat;
    #alive = true;
    #ref = true;
    due = 0;
    constructor(call, delay, repeat) {
      this.#id = ++lastId;
      this.#call = call;
      this.#delay = delay >= 1 && delay <= 2147483647 ? Math.trunc(delay) : 1;
      this.#repeat = repeat;
      hidden(this, 'due', 0);
      byId.set(this.#id, this);
      this.#schedule();
    }
    #schedule() {
      this.due = clockMs + this.#delay;
      let at = timers.length;
      while (at > 0 && timers[at - 1].due > this.due) at--;
      timers.splice(at, 0, this);
    }
    static run(timer) {
      if (!timer.#repeat) timer.close();
      timer.#call();
      if (timer.#repeat && timer.#alive) timer.#schedule();
    }
    static counts(timer) { return timer.#ref; }
    ref() { this.#ref = true; return this; }
    unref() { this.#ref = false; return this; }
    hasRef() { return this.#ref; }
    refresh() {
      if (!this.#alive) return this;
      const at = timers.indexOf(this);
      if (at !== -1) timers.splice(at, 1);
      this.#schedule();
      return this;
    }
    close() {
      this.#alive = false;
      byId.delete(this.#id);
      const at = timers.indexOf(this);
      if (at !== -1) timers.splice(at, 1);
      return this;
    }
    [Symbol.toPrimitive]() { return this.#id; }
  }
  const { run: runTimer, counts: timerCounts } = Timeout;
  delete Timeout.run;
  delete Timeout.counts;
  class Immediate {
    #ref = true;
    ref() { this.#ref = true; return this; }
    unref() { this.#ref = false; return this; }
    hasRef() { return this.#ref; }
  }
  const callbacks = new WeakMap();
  const needFunction = (value, name = 'callback') => {
    if (typeof value !== 'function') throw invalidArgument(name, 'of type function', value);
  };
  const clearTimer = (timer) => {
    const found = timer instanceof Timeout ? timer : byId.get(Number(timer));
    found?.close();
  };
  const loopFunctions = {
    setTimeout(callback, delay, ...args) {
      needFunction(callback);
      return new Timeout(() => apply(callback, globalThis, args), Number(delay), false);
    },
    setInterval(callback, delay, ...args) {
      needFunction(callback);
      return new Timeout(() => apply(callback, globalThis, args), Number(delay), true);
    },
    setImmediate(callback, ...args) {
      needFunction(callback);
      const immediate = new Immediate();
      callbacks.set(immediate, () => apply(callback, globalThis, args));
      immediates.push(immediate);
      return immediate;
    },
    clearTimeout(timer) { if (timer != null && typeof timer !== 'symbol') clearTimer(timer); },
    clearInterval(timer) { if (timer != null && typeof timer !== 'symbol') clearTimer(timer); },
    clearImmediate(immediate) { if (immediate instanceof Immediate) callbacks.delete(immediate); },
  };
  for (const name of Object.keys(loopFunctions)) {
    defineProperty(globalThis, name, { value: loopFunctions[name], writable: true, enumerable: true, configurable: true });
  }
  const microtask = globals.queueMicrotask;
  hidden(globalThis, 'queueMicrotask', function queueMicrotask(callback) {
    needFunction(callback);
    microtask(callback);
  });

  // Runs one callback and answers 0; or answers the milliseconds to wait for the next; or -1: nothing is left.
  const step = () => {
    if (inTimers) {
      if (timers.length && timers[0].due <= clockMs) {
        runTimer(timers.shift());
        return 0;
      }
      inTimers = false;
      batch = immediates;
      immediates = [];
    }
    while (batch.length) {
      const immediate = batch.shift();
      const callback = callbacks.get(immediate);
      if (callback) {
        callbacks.delete(immediate);
        callback();
        return 0;
      }
    }
    inTimers = true;
    const idle = !immediates.length && !timers.some(timerCounts);
    if (idle) return -1;
    // The script has taken a millisecond, whatever the clock says: a timer of 1 ms comes before an immediate.
    clockMs = Math.max(Math.floor(host.now()), isFirst ? clockMs + 1 : clockMs);
    isFirst = false;
    if (immediates.length || timers[0].due <= clockMs) return 0;
    // Callbacks that were due in the meantime wait for the clock, not for the sleep.
    return Math.max(timers[0].due - host.now(), 0);
  };
  const runTicks = () => {
    if (keptAlive.length) keptAlive = [];
    const some = ticks.length > 0;
    while (ticks.length) ticks.shift()();
    return some;
  };
  const reset = () => {
    timers = [];
    immediates = [];
    batch = [];
    ticks = [];
    inTimers = false;
    isFirst = true;
    rejections.clear();
    byId.clear();
    indent = '';
  };

  // Rejected promises that nobody listens to, oldest first.
  const rejections = new Map();
  const trackRejection = (promise, reason, handled) => {
    if (handled) rejections.delete(promise);
    else rejections.set(promise, reason);
  };
  const takeRejection = () => {
    for (const [promise, reason] of rejections) {
      rejections.delete(promise);
      if (processListeners('unhandledRejection', reason, promise)) continue;
      return { reason };
    }
    return undefined;
  };

  // process -------------------------------------------------------------------------------------

  const events = piece('events');
  let processEvents;
  const emitter = () => (processEvents ??= new (events())());
  const processListeners = (name, ...args) => processEvents?.emit(name, ...args) ?? false;
  const start = host.now();
  const stream = (fd) => ({
    fd,
    isTTY: false,
    columns: 80,
    writable: true,
    write(chunk, encoding, callback) {
      const text = typeof chunk === 'string' ? chunk
        : chunk instanceof globals.Uint8Array ? host.decode(chunk, 'utf-8', false, true)
          : undefined;
      if (text === undefined) throw invalidArgument('chunk', 'of type string or an instance of Buffer, TypedArray, or DataView', chunk);
      write(fd - 1, text);
      const done = typeof encoding === 'function' ? encoding : callback;
      if (typeof done === 'function') process.nextTick(done);
      return true;
    },
  });
  const exitCode = (value) => {
    const number = Number(value);
    return Number.isInteger(number) ? number | 0 : 0;
  };
  let leaving = false;
  const leave = (code) => {
    if (code !== undefined) process.exitCode = code;
    if (!leaving) {
      leaving = true;
      processListeners('exit', exitCode(process.exitCode ?? 0));
      leaving = false;
    }
    return exitCode(process.exitCode ?? 0);
  };
  const process = {
    title: 'companion',
    version: `v0.0.0-quickjs-${host.engine}`,
    versions: { quickjs: host.engine },
    arch: host.arch,
    platform: host.platform,
    release: { name: 'quickjs' },
    argv: ['companion'],
    execArgv: [],
    pid: 1,
    ppid: 0,
    exitCode: undefined,
    exit(code) {
      host.exit(leave(code));
      for (;;); // the interrupt that follows cannot be caught
    },
    cwd: () => host.surroundings().value?.cwd ?? '/',
    uptime: () => (host.now() - start) / 1000,
    hrtime: Object.assign((previous) => {
      const ns = BigInt(Math.floor(host.now() * 1e6));
      let seconds = Number(ns / 1000000000n);
      let rest = Number(ns % 1000000000n);
      if (previous) {
        seconds -= previous[0];
        rest -= previous[1];
        if (rest < 0) { seconds--; rest += 1e9; }
      }
      return [seconds, rest];
    }, { bigint: () => BigInt(Math.floor(host.now() * 1e6)) }),
    nextTick(callback, ...args) {
      needFunction(callback);
      ticks.push(() => apply(callback, undefined, args));
    },
    emitWarning(text) { warning(`(companion) ${text?.name ?? 'Warning'}: ${text?.message ?? text}`); },
    stdout: stream(1),
    stderr: stream(2),
  };
  // The granted variables, looked up once a cell, and on top of them what the program has set.
  const environment = {};
  const granted = new Map();
  let isStale = true;
  defineProperty(process, 'env', {
    enumerable: true,
    configurable: true,
    get() {
      if (isStale) {
        isStale = false;
        for (const [name, value] of granted) {
          if (environment[name] === value) delete environment[name];
        }
        granted.clear();
        for (const [name, value] of host.surroundings().value?.environment ?? []) {
          granted.set(name, value);
          if (!hasOwn(environment, name)) environment[name] = value;
        }
      }
      return environment;
    },
    set(value) { defineProperty(process, 'env', { value, writable: true, enumerable: true, configurable: true }); },
  });
  const processPrototype = Object.create(Object.prototype, { constructor: { value: function process() {}, writable: true, configurable: true } });
  for (const name of ['on', 'addListener', 'once', 'off', 'removeListener', 'removeAllListeners', 'emit', 'listeners', 'listenerCount', 'prependListener', 'setMaxListeners', 'eventNames']) {
    hidden(processPrototype, name, { [name](...args) {
      const answer = emitter()[name](...args);
      return answer === processEvents ? process : answer;
    } }[name]);
  }
  defineProperty(processPrototype, Symbol.toStringTag, { value: 'process', configurable: true });
  Object.setPrototypeOf(process, processPrototype);
  hidden(globalThis, 'process', process);

  // The target of a WeakRef lives until the job that made it is over, as the language has it; QuickJS
  // frees it with its last reference.
  const { WeakRef: EngineWeakRef } = globals;
  let keptAlive = [];
  const WeakRef = function WeakRef(target) {
    if (!new.target) throw new TypeError("Constructor WeakRef requires 'new'");
    const made = Reflect.construct(EngineWeakRef, [target], new.target);
    keptAlive.push(target);
    return made;
  };
  WeakRef.prototype = EngineWeakRef.prototype;
  hidden(EngineWeakRef.prototype, 'constructor', WeakRef);
  hidden(globalThis, 'WeakRef', WeakRef);

  // The rest of the globals ---------------------------------------------------------------------

  defineProperty(globalThis, Symbol.toStringTag, { value: 'global', configurable: true });
  hidden(globalThis, 'global', globalThis);
  delete globalThis.InternalError;
  hidden(globalThis, 'prompt', function prompt(text = '', initial = null) {
    const line = host.readLine(wellFormed(`${text}`));
    if (line === undefined) for (;;); // interrupted while it waited
    return line === null ? initial : line;
  });
  const web = piece('web');
  for (const name of ['URL', 'URLSearchParams', 'TextEncoder', 'TextDecoder', 'AbortController', 'AbortSignal', 'Event', 'EventTarget', 'CustomEvent', 'crypto']) {
    lazy(globalThis, name, () => web()[name]);
  }
  const clone = piece('clone');
  lazy(globalThis, 'structuredClone', clone, true);

  host.load = load;
  host.files = piece('fs');
  const network = piece('fetch');
  for (const name of ['fetch', 'Headers', 'Response']) lazy(globalThis, name, () => network()[name]);
  const modules = piece('modules');
  const closed = (name) => Object.assign(
    new Error(`Cannot find module '${name}'\nPackages and modules of one's own are closed in the sandbox; there are: ${modules().names.join(', ')}`),
    { code: 'MODULE_NOT_FOUND' },
  );
  const builtinName = (name) => (name.startsWith('node:') ? name.slice(5) : name);
  const require = function require(id) {
    if (typeof id !== 'string') throw invalidArgument('id', 'of type string', id);
    const found = modules().get(builtinName(id));
    if (found === undefined) throw closed(id);
    return found;
  };
  require.resolve = (id) => {
    if (modules().get(builtinName(id)) === undefined) throw closed(id);
    return id;
  };
  require.cache = Object.create(null);
  defineProperty(globalThis, Symbol.for('companion.require'), { value: require });
  host.core = { console, process, loop: loopFunctions, events, inspect, format, require };
  for (const name of ['XMLHttpRequest', 'WebSocket']) {
    hidden(globalThis, name, { [name]() {
      throw new Error(`${name} is not available; fetch() speaks to hosts that are granted`);
    } }[name]);
  }

  // Cells ---------------------------------------------------------------------------------------

  const published = new Map(); // name → its getter
  const Out = {};
  const In = [];
  let lastResult;
  let userOwnsLast = false;
  defineProperty(globalThis, '_', {
    configurable: true,
    enumerable: false,
    get: () => lastResult,
    set(value) {
      userOwnsLast = true;
      defineProperty(globalThis, '_', { value, writable: true, enumerable: true, configurable: true });
    },
  });
  hidden(globalThis, 'In', In);
  hidden(globalThis, 'Out', Out);
  hidden(globalThis, 'out', Out);

  // Makes way for a cell's declarations: `var` and functions become properties that a later cell may replace.
  const declare = (names) => {
    for (const name of names) {
      if (name === '_') userOwnsLast = true;
      const own = getOwnPropertyDescriptor(globalThis, name);
      if (own !== undefined && !published.has(name)) continue;
      let value;
      try { value = published.get(name)?.(); } catch { /* never initialised */ }
      published.delete(name);
      try {
        defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
      } catch { /* a global that can't be replaced; the declaration will say so */ }
    }
  };
  // Called by the first line of a cell: its top-level names become visible to the cells after it, live.
  const publish = (bindings) => {
    for (const name of Object.keys(bindings)) {
      if (name === '_') userOwnsLast = true;
      const [get, set] = bindings[name];
      try {
        defineProperty(globalThis, name, { get, set, enumerable: true, configurable: true });
        published.set(name, get);
      } catch { /* `undefined` and the like: visible in this cell only */ }
    }
  };
  const begin = (file, isShifted, source, count, names, argv, isCell) => {
    if (isShifted) shifted.add(file);
    else shifted.delete(file);
    host.source = source;
    if (count > 0) In[count] = source;
    if (isCell) {
      if (!published.has('require') && globalThis.require === undefined) hidden(globalThis, 'require', require);
    } else if (globalThis.require === require) {
      delete globalThis.require; // a program gets it as a parameter, a module not at all
    }
    isStale = true;
    process.argv = argv;
    process.exitCode = undefined;
    declare(names);
    clockMs = Math.floor(host.now());
    hidden(globalThis, '$companion', (bindings) => {
      delete globalThis.$companion;
      if (bindings) publish(bindings);
    });
  };
  // The result's text, or undefined; the value is remembered.
  const finish = (value, count) => {
    if (value === undefined) return undefined;
    if (count > 0) {
      Out[count] = value;
      host.display?.(value);
    }
    if (!userOwnsLast) lastResult = value;
    return wellFormed(inspect(value, { showProxy: true }));
  };

  // [class, message, text with stack, file, line, column] of what was thrown.
  const describe = (error) => {
    const place = error !== null && typeof error === 'object' ? places.get(error) : undefined;
    let name = 'Error';
    let message = '';
    let text;
    const isError = host.isError(error);
    try {
      if (isError) {
        name = String(error.name ?? 'Error');
        message = String(error.message ?? '');
      } else {
        name = error === null || typeof error !== 'object' ? 'Error' : String(error.name ?? error.constructor?.name ?? 'Error');
        message = typeof error === 'string' ? error : error?.message !== undefined ? String(error.message) : inspect(error);
      }
    } catch { /* a hostile error keeps what was found */ }
    try {
      text = inspect(error);
      if (isError && text === `[${header(error)}]`) text = header(error);
    } catch {
      text = `${name}: ${message}`;
    }
    return [wellFormed(name), wellFormed(message), wellFormed(text), place?.[0], place?.[1], place?.[2], place?.[3] ?? false, isError];
  };
  const uncaught = (error) => processListeners('uncaughtException', error, 'uncaughtException');
  const exitListeners = () => leave(undefined);
  const complete = load('complete')(host, published);

  // A program is called as node calls a CommonJS file.
  const runFile = (call, file) => {
    const module = { exports: {}, id: '.', filename: file, loaded: false, children: [], paths: [] };
    return apply(call, module.exports, [module.exports, require, module, file, '.']);
  };
  // The kernel looks at the promise itself: it is not unhandled.
  const watch = (promise) => { apply(globals.Promise.prototype.then, promise, [() => {}, () => {}]); };
  const dataText = (url) => {
    const [, type, base64, body] = /^data:([^,;]*)(?:;[^,;]*?)*?(;base64)?,(.*)$/s.exec(url) ?? [];
    if (!/^(text|application)\/javascript$/.test(type)) throw closed(url);
    const text = globals.decodeURIComponent(body);
    return base64 ? host.decode(globals.Uint8Array.from(globals.atob(text), (char) => char.charCodeAt(0)), 'utf-8', false, false) : text;
  };

  return {
    begin, finish, describe, step, runTicks, reset, trackRejection, takeRejection, uncaught, exitListeners,
    exitCode: () => (process.exitCode === undefined ? undefined : exitCode(process.exitCode)),
    closed, runFile, watch, dataText, moduleText: (name) => modules().moduleText(name),     complete,
  };
}
