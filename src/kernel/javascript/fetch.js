// `fetch` through the broker. A request runs to its end inside the call: two that are started
// together run one after the other. An expression: (host) => ({ fetch, Headers, Response }).
(host) => {
  'use strict';
  const { Array, ArrayBuffer, Error, JSON, Map, Object, Promise, RangeError, String, Symbol, TypeError, Uint8Array } = host.globals;
  const { failure } = host.files();
  const tagged = (constructor, name) =>
    Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });

  class Headers {
    #held = new Map();

    constructor(from) {
      if (from === undefined || from === null) return;
      const pairs = typeof from[Symbol.iterator] === 'function' ? from : Object.entries(from);
      for (const [name, value] of pairs) this.append(name, value);
    }
    append(name, value) {
      const key = String(name).toLowerCase();
      const old = this.#held.get(key);
      const text = String(value).trim();
      this.#held.set(key, old === undefined ? text : `${old}, ${text}`);
    }
    set(name, value) { this.#held.set(String(name).toLowerCase(), String(value).trim()); }
    get(name) { return this.#held.get(String(name).toLowerCase()) ?? null; }
    has(name) { return this.#held.has(String(name).toLowerCase()); }
    delete(name) { this.#held.delete(String(name).toLowerCase()); }
    forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this); }
    entries() { return [...this.#held].sort(([a], [b]) => (a < b ? -1 : 1))[Symbol.iterator](); }
    keys() { return Array.from(this.entries(), ([name]) => name)[Symbol.iterator](); }
    values() { return Array.from(this.entries(), ([, value]) => value)[Symbol.iterator](); }
    [Symbol.iterator]() { return this.entries(); }
    [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
      return `Headers ${inspect(Object.fromEntries(this), options)}`;
    }
  }
  tagged(Headers, 'Headers');

  const bytesOf = (body) => {
    if (body === undefined || body === null) return undefined;
    if (body instanceof ArrayBuffer) return new Uint8Array(body);
    if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    return host.encode(String(body).toWellFormed());
  };
  const typeOf = (body) => (typeof body === 'string' ? 'text/plain;charset=UTF-8'
    : body instanceof globalThis.URLSearchParams ? 'application/x-www-form-urlencoded;charset=UTF-8' : undefined);

  class Response {
    #bytes;
    #isUsed = false;

    constructor(body, { status = 200, statusText = '', headers } = {}) {
      if (!(status >= 200 && status <= 599)) throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
      this.#bytes = bytesOf(body) ?? new Uint8Array(0);
      this.status = status;
      this.statusText = statusText;
      this.headers = new Headers(headers);
      this.url = '';
      this.redirected = false;
      this.type = 'default';
      const type = typeOf(body);
      if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type);
    }
    get ok() { return this.status >= 200 && this.status <= 299; }
    get bodyUsed() { return this.#isUsed; }
    #take() {
      if (this.#isUsed) throw new TypeError('Body is unusable: Body has already been read');
      this.#isUsed = true;
      return this.#bytes;
    }
    async bytes() { return new Uint8Array(this.#take()); }
    async arrayBuffer() { return new Uint8Array(this.#take()).buffer; }
    async text() { return host.decode(this.#take(), 'utf-8', false, false); }
    async json() { return JSON.parse(await this.text()); }
    clone() {
      if (this.#isUsed) throw new TypeError('Response.clone: Body has already been consumed.');
      const { status, statusText, headers, url, redirected, type } = this;
      return Object.assign(new Response(this.#bytes, { status, statusText, headers }), { url, redirected, type });
    }
    static json(data, init) {
      const response = new Response(JSON.stringify(data), init);
      if (!new Headers(init?.headers).has('content-type')) response.headers.set('content-type', 'application/json');
      return response;
    }
  }
  tagged(Response, 'Response');

  const ask = (input, init) => {
    const { method = 'GET', headers, body, redirect = 'follow', signal } = init;
    if (signal?.aborted) throw signal.reason;
    if (!['follow', 'manual', 'error'].includes(redirect)) throw new TypeError(`${redirect} is not a way to treat redirects`);
    let url;
    try {
      url = new globalThis.URL(String(input?.url ?? input)).href;
    } catch (cause) {
      throw new TypeError(`Failed to parse URL from ${String(input?.url ?? input)}`, { cause });
    }
    if (/^(get|head)$/i.test(method) && body !== undefined && body !== null) {
      throw new TypeError('Request with GET/HEAD method cannot have body.');
    }
    const sent = new Headers(headers);
    const type = typeOf(body);
    if (type !== undefined && !sent.has('content-type')) sent.set('content-type', type);
    const bytes = bytesOf(body);
    const answer = host.fetch(String(method), url, [...sent], bytes === undefined ? undefined : new Uint8Array(bytes), redirect === 'follow');
    if ('errno' in answer) {
      const cause = failure(answer, 'fetch');
      throw new TypeError(`fetch failed: ${answer.message}`, { cause });
    }
    const { value } = answer;
    if (redirect === 'error' && [301, 302, 303, 307, 308].includes(value.status)) {
      throw new TypeError('fetch failed: unexpected redirect');
    }
    const response = new Response(value.body, { status: value.status, headers: value.headers });
    return Object.assign(response, { url: value.url, redirected: value.url !== url, type: 'basic' });
  };
  const fetch = function fetch(input, init = {}) {
    return new Promise((resolve) => { resolve(ask(input, init ?? {})); });
  };
  return { fetch, Headers, Response };
}
