// URL, TextEncoder, events and abort signals as the web and node have them.
// An expression: (host) => { URL, URLSearchParams, … }.
(host) => {
  'use strict';
  const {
    Array, ArrayBuffer, Boolean, DOMException, Error, Map, Math, Number, Object, Reflect, Set, String, Symbol, TypeError,
    Uint8Array, WeakMap, RangeError,
  } = host.globals;
  const custom = Symbol.for('nodejs.util.inspect.custom');
  const { inspect } = host.util();
  const wellFormed = (value) => String.prototype.toWellFormed.call(`${value}`);
  // Methods of the web's classes are enumerable.
  const show = (target, ...names) => {
    for (const name of names) Object.defineProperty(target, name, { enumerable: true });
  };
  const tagged = (constructor, name) =>
    Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });

  // URLs ----------------------------------------------------------------------------------------

  const encodeForm = (text) => {
    let out = '';
    for (const byte of host.encode(text)) {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9*\-._]/.test(char)) out += char;
      else if (char === ' ') out += '+';
      else out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    }
    return out;
  };
  const decodeForm = (text) => {
    const bytes = host.encode(wellFormed(text).replaceAll('+', ' '));
    const out = [];
    for (let i = 0; i < bytes.length; i++) {
      const hex = bytes[i] === 37 ? String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0) : '';
      if (/^[0-9a-fA-F]{2}$/.test(hex)) {
        out.push(Number.parseInt(hex, 16));
        i += 2;
      } else {
        out.push(bytes[i]);
      }
    }
    return host.decode(Uint8Array.from(out), 'utf-8', false, true);
  };
  const parseForm = (text) => text.split('&').filter((pair) => pair !== '').map((pair) => {
    const at = pair.indexOf('=');
    return at === -1 ? [decodeForm(pair), ''] : [decodeForm(pair.slice(0, at)), decodeForm(pair.slice(at + 1))];
  });
  const owners = new WeakMap();

  class URLSearchParams {
    #pairs = [];
    constructor(init) {
      if (init === undefined || init === null) return;
      if (typeof init === 'object' || typeof init === 'function') {
        if (typeof init[Symbol.iterator] === 'function') {
          for (const pair of init) {
            const items = pair !== null && typeof pair === 'object' ? [...pair] : [];
            if (items.length !== 2) {
              throw Object.assign(new TypeError('Each query pair must be an iterable [name, value] tuple'), { code: 'ERR_INVALID_TUPLE' });
            }
            this.#pairs.push([wellFormed(items[0]), wellFormed(items[1])]);
          }
        } else {
          for (const key of Object.keys(init)) this.#pairs.push([wellFormed(key), wellFormed(init[key])]);
        }
        return;
      }
      const text = wellFormed(init);
      this.#pairs = parseForm(text.startsWith('?') ? text.slice(1) : text);
    }
    #changed() { owners.get(this)?.(this.toString()); }
    static reset(params, text) { params.#pairs = parseForm(text.slice(1)); }
    get size() { return this.#pairs.length; }
    append(name, value) { this.#pairs.push([wellFormed(name), wellFormed(value)]); this.#changed(); }
    delete(name, value) {
      this.#pairs = this.#pairs.filter(([key, item]) => key !== `${name}` || (value !== undefined && item !== `${value}`));
      this.#changed();
    }
    get(name) { return this.#pairs.find(([key]) => key === `${name}`)?.[1] ?? null; }
    getAll(name) { return this.#pairs.filter(([key]) => key === `${name}`).map(([, value]) => value); }
    has(name, value) { return this.#pairs.some(([key, item]) => key === `${name}` && (value === undefined || item === `${value}`)); }
    set(name, value) {
      const at = this.#pairs.findIndex(([key]) => key === `${name}`);
      if (at === -1) return this.append(name, value);
      this.#pairs[at][1] = wellFormed(value);
      this.#pairs = this.#pairs.filter(([key], i) => i <= at || key !== `${name}`);
      this.#changed();
    }
    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      this.#changed();
    }
    forEach(callback, receiver) {
      for (const [key, value] of this.#pairs) Reflect.apply(callback, receiver, [value, key, this]);
    }
    *entries() { for (const [key, value] of this.#pairs) yield [key, value]; }
    *keys() { for (const [key] of this.#pairs) yield key; }
    *values() { for (const [, value] of this.#pairs) yield value; }
    toString() { return this.#pairs.map(([key, value]) => `${encodeForm(key)}=${encodeForm(value)}`).join('&'); }
    [custom](depth, options) {
      if (depth < 0) return '[Object]';
      const parts = this.#pairs.map(([key, value]) => `${inspect(key, options)} => ${inspect(value, options)}`);
      if (parts.length === 0) return 'URLSearchParams {}';
      const total = parts.reduce((sum, part) => sum + part.length + 2, -2);
      return total + 'URLSearchParams {  }'.length > options.breakLength
        ? `URLSearchParams {\n  ${parts.join(',\n  ')} }` : `URLSearchParams { ${parts.join(', ')} }`;
    }
  }
  URLSearchParams.prototype[Symbol.iterator] = URLSearchParams.prototype.entries;
  Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { enumerable: false });
  show(URLSearchParams.prototype, 'append', 'delete', 'get', 'getAll', 'has', 'set', 'sort', 'forEach', 'entries', 'keys', 'values', 'toString', 'size');
  tagged(URLSearchParams, 'URLSearchParams');
  const resetParams = URLSearchParams.reset;
  delete URLSearchParams.reset;

  const partNames = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'searchParams', 'hash'];
  class URL {
    #parts;
    #params;
    constructor(input, base) {
      if (arguments.length === 0) {
        throw Object.assign(new TypeError('The "url" argument must be specified'), { code: 'ERR_MISSING_ARGS' });
      }
      const text = wellFormed(input);
      const from = base === undefined ? undefined : wellFormed(base);
      this.#parts = host.parseUrl(text, from);
      if (this.#parts === undefined || this.#parts === null) {
        throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: text, ...(from === undefined ? {} : { base: from }) });
      }
    }
    static canParse(input, base) {
      return Boolean(host.parseUrl(wellFormed(input), base === undefined ? undefined : wellFormed(base)));
    }
    static get(url, name) { return url.#parts[name]; }
    static change(url, name, value) {
      const parts = host.changeUrl(url.#parts.href, name, wellFormed(value));
      if (!parts) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: `${value}` });
      url.#parts = parts;
      if (url.#params && (name === 'search' || name === 'href')) resetParams(url.#params, parts.search);
    }
    get searchParams() {
      if (!this.#params) {
        this.#params = new URLSearchParams(this.#parts.search);
        owners.set(this.#params, (text) => { this.#parts = host.changeUrl(this.#parts.href, 'search', text); });
      }
      return this.#params;
    }
    toString() { return this.#parts.href; }
    toJSON() { return this.#parts.href; }
    [custom](depth, options) {
      if (depth < 0) return this.#parts.href;
      const shown = {};
      for (const name of partNames) shown[name] = this[name];
      return `${this.constructor.name} ${inspect(shown, options)}`;
    }
  }
  const { get: getPart, change: changePart } = URL;
  delete URL.get;
  delete URL.change;
  for (const name of partNames) {
    if (name === 'searchParams') continue;
    Object.defineProperty(URL.prototype, name, {
      get: { [name]() { return getPart(this, name); } }[name],
      set: name === 'origin' ? undefined : { [name](value) { changePart(this, name, value); } }[name],
      enumerable: true,
      configurable: true,
    });
  }
  show(URL.prototype, 'searchParams', 'toString', 'toJSON');
  tagged(URL, 'URL');

  // Text ----------------------------------------------------------------------------------------

  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(text = '') { return host.encode(wellFormed(text)); }
    encodeInto(text, target) {
      let read = 0;
      let written = 0;
      for (const char of wellFormed(text)) {
        const bytes = host.encode(char);
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += char.length;
      }
      return { read, written };
    }
  }
  tagged(TextEncoder, 'TextEncoder');
  const labels = {
    'utf-8': 'utf-8', utf8: 'utf-8', 'unicode-1-1-utf-8': 'utf-8', 'utf-16le': 'utf-16le', 'utf-16': 'utf-16le', ucs2: 'utf-16le', 'ucs-2': 'utf-16le',
    unicode: 'utf-16le', 'utf-16be': 'utf-16be', latin1: 'latin1', 'iso-8859-1': 'latin1', 'iso8859-1': 'latin1', ascii: 'latin1', 'us-ascii': 'latin1', 'windows-1252': 'latin1', cp1252: 'latin1',
  };
  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #rest = new Uint8Array(0);
    #started = false;
    constructor(label = 'utf-8', options = {}) {
      this.#encoding = labels[`${label}`.trim().toLowerCase()];
      if (!this.#encoding) {
        throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), { code: 'ERR_ENCODING_NOT_SUPPORTED' });
      }
      this.#fatal = Boolean(options?.fatal);
      this.#ignoreBOM = Boolean(options?.ignoreBOM);
    }
    get encoding() { return this.#encoding === 'latin1' ? 'windows-1252' : this.#encoding; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#ignoreBOM; }
    decode(input = new Uint8Array(0), options = {}) {
      let bytes;
      if (ArrayBuffer.isView(input)) bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
      else if (input instanceof ArrayBuffer) bytes = new Uint8Array(input);
      else throw host.invalidArgument('list', 'an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView', input);
      if (this.#rest.length) bytes = Uint8Array.from([...this.#rest, ...bytes]);
      const stream = Boolean(options?.stream);
      const whole = stream ? this.#wholeLength(bytes) : bytes.length;
      this.#rest = bytes.slice(whole);
      const text = host.decode(bytes.slice(0, whole), this.#encoding, this.#fatal, this.#ignoreBOM || this.#started);
      this.#started = stream && (this.#started || whole > 0);
      if (text === null || text === undefined) {
        this.#rest = new Uint8Array(0);
        throw Object.assign(new TypeError(`The encoded data was not valid for encoding ${this.encoding}`), { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
      }
      return text;
    }
    // Bytes before a character that the next chunk may complete.
    #wholeLength(bytes) {
      const { length } = bytes;
      if (this.#encoding === 'latin1') return length;
      if (this.#encoding !== 'utf-8') return length - (length % 2);
      for (let back = 1; back <= Math.min(3, length); back++) {
        const byte = bytes[length - back];
        if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? length - back : length;
        if (byte < 0x80) return length;
      }
      return length;
    }
  }
  tagged(TextDecoder, 'TextDecoder');

  // Events --------------------------------------------------------------------------------------

  const inner = new WeakMap(); // event → what dispatch keeps
  class Event {
    constructor(type, options = {}) {
      if (arguments.length === 0) throw Object.assign(new TypeError('The "type" argument must be specified'), { code: 'ERR_MISSING_ARGS' });
      inner.set(this, {
        type: `${type}`, bubbles: Boolean(options?.bubbles), cancelable: Boolean(options?.cancelable), composed: Boolean(options?.composed),
        prevented: false, stopped: false, target: null, passive: false, dispatching: false, time: host.now(),
      });
    }
    get type() { return inner.get(this).type; }
    get bubbles() { return inner.get(this).bubbles; }
    get cancelable() { return inner.get(this).cancelable; }
    get composed() { return inner.get(this).composed; }
    get defaultPrevented() { return inner.get(this).prevented; }
    get target() { return inner.get(this).target; }
    get currentTarget() { return inner.get(this).dispatching ? inner.get(this).target : null; }
    get srcElement() { return inner.get(this).target; }
    get eventPhase() { return inner.get(this).dispatching ? 2 : 0; }
    get timeStamp() { return inner.get(this).time; }
    get isTrusted() { return false; }
    get returnValue() { return !inner.get(this).prevented; }
    get cancelBubble() { return inner.get(this).stopped; }
    preventDefault() { const state = inner.get(this); if (state.cancelable && !state.passive) state.prevented = true; }
    stopPropagation() {}
    stopImmediatePropagation() { inner.get(this).stopped = true; }
    composedPath() { return inner.get(this).dispatching ? [inner.get(this).target] : []; }
    [custom](depth, options) {
      const name = this.constructor.name;
      if (depth < 0) return name;
      return `${name} ${inspect({ type: this.type, defaultPrevented: this.defaultPrevented, cancelable: this.cancelable, timeStamp: this.timeStamp }, options)}`;
    }
  }
  tagged(Event, 'Event');
  class CustomEvent extends Event {
    #detail;
    constructor(type, options = {}) {
      super(type, options);
      this.#detail = options?.detail ?? null;
    }
    get detail() { return this.#detail; }
  }
  tagged(CustomEvent, 'CustomEvent');

  const tables = new WeakMap();
  class EventTarget {
    constructor() { tables.set(this, new Map()); }
    addEventListener(type, listener, options = {}) {
      if (listener === null || listener === undefined) return;
      const settings = typeof options === 'boolean' ? { capture: options } : options ?? {};
      if (settings.signal?.aborted) return;
      const list = tables.get(this).get(`${type}`) ?? [];
      if (list.some((entry) => entry.listener === listener && entry.capture === Boolean(settings.capture))) return;
      const entry = { listener, capture: Boolean(settings.capture), once: Boolean(settings.once), passive: Boolean(settings.passive) };
      tables.get(this).set(`${type}`, [...list, entry]);
      settings.signal?.addEventListener('abort', () => this.removeEventListener(type, listener, settings), { once: true });
    }
    removeEventListener(type, listener, options = {}) {
      const capture = Boolean(typeof options === 'boolean' ? options : options?.capture);
      const list = tables.get(this).get(`${type}`) ?? [];
      tables.get(this).set(`${type}`, list.filter((entry) => entry.listener !== listener || entry.capture !== capture));
    }
    dispatchEvent(event) {
      const state = inner.get(event);
      if (!state) throw host.invalidArgument('event', 'an instance of Event', event);
      if (state.dispatching) throw Object.assign(new Error('The event is already being dispatched'), { code: 'ERR_EVENT_RECURSION' });
      state.target = this;
      state.dispatching = true;
      state.stopped = false;
      for (const entry of tables.get(this).get(state.type) ?? []) {
        if (entry.once) this.removeEventListener(state.type, entry.listener, entry);
        state.passive = entry.passive;
        try {
          if (typeof entry.listener === 'function') Reflect.apply(entry.listener, this, [event]);
          else entry.listener.handleEvent(event);
        } catch (error) {
          // A listener's error does not stop the others; it is uncaught.
          host.core.process.nextTick(() => { throw error; });
        }
        if (state.stopped) break;
      }
      state.dispatching = false;
      return !state.prevented;
    }
    [custom]() { return `${this.constructor.name} {}`; }
  }
  show(EventTarget.prototype, 'addEventListener', 'removeEventListener', 'dispatchEvent');
  tagged(EventTarget, 'EventTarget');

  // Abort ---------------------------------------------------------------------------------------

  let mayConstruct = false;
  const aborts = new WeakMap();
  class AbortSignal extends EventTarget {
    #handler = null;
    constructor() {
      if (!mayConstruct) throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
      super();
      aborts.set(this, { aborted: false, reason: undefined });
    }
    get aborted() { return aborts.get(this).aborted; }
    get reason() { return aborts.get(this).reason; }
    get onabort() { return this.#handler; }
    set onabort(handler) {
      if (this.#handler) this.removeEventListener('abort', this.#handler);
      this.#handler = typeof handler === 'function' ? handler : null;
      if (this.#handler) this.addEventListener('abort', this.#handler);
    }
    throwIfAborted() { if (this.aborted) throw this.reason; }
    static abort(reason) {
      const signal = makeSignal();
      Object.assign(aborts.get(signal), { aborted: true, reason: reason === undefined ? aborted() : reason });
      return signal;
    }
    static timeout(delay) {
      const signal = makeSignal();
      host.core.loop.setTimeout(() => abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError')), delay).unref();
      return signal;
    }
    static any(signals) {
      const signal = makeSignal();
      const list = [...signals];
      const already = list.find((each) => each.aborted);
      if (already) abort(signal, already.reason);
      else for (const each of list) each.addEventListener('abort', () => abort(signal, each.reason), { once: true });
      return signal;
    }
    [custom](depth, options) { return `AbortSignal ${inspect({ aborted: this.aborted }, options)}`; }
  }
  tagged(AbortSignal, 'AbortSignal');
  const aborted = () => new DOMException('This operation was aborted', 'AbortError');
  const makeSignal = () => {
    mayConstruct = true;
    try { return new AbortSignal(); } finally { mayConstruct = false; }
  };
  const abort = (signal, reason) => {
    const state = aborts.get(signal);
    if (state.aborted) return;
    state.aborted = true;
    state.reason = reason;
    signal.dispatchEvent(new Event('abort'));
  };
  class AbortController {
    #signal = makeSignal();
    get signal() { return this.#signal; }
    abort(reason) { abort(this.#signal, reason === undefined ? aborted() : reason); }
    [custom](depth, options) { return `AbortController ${inspect({ signal: this.#signal }, options)}`; }
  }
  tagged(AbortController, 'AbortController');

  // crypto --------------------------------------------------------------------------------------

  const integers = new Set(['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array']);
  class Crypto {
    getRandomValues(array) {
      if (!ArrayBuffer.isView(array) || !integers.has(array[Symbol.toStringTag])) {
        throw new DOMException('The data argument must be an integer-type TypedArray', 'TypeMismatchError');
      }
      if (array.byteLength > 65536) {
        throw new DOMException(`The requested length exceeds 65,536 bytes`, 'QuotaExceededError');
      }
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(host.random(array.byteLength));
      return array;
    }
    randomUUID() {
      const bytes = host.random(16);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    }
  }
  tagged(Crypto, 'Crypto');

  return { URL, URLSearchParams, TextEncoder, TextDecoder, Event, CustomEvent, EventTarget, AbortController, AbortSignal, crypto: new Crypto() };
}
