// EventEmitter of `node:events`. An expression: (host) => EventEmitter.
(host) => {
  'use strict';
  const { Array, Error, Map, Object, Promise, Proxy, Reflect, WeakMap } = host.globals;
  const need = (listener) => {
    if (typeof listener !== 'function') throw host.invalidArgument('listener', 'of type function', listener);
  };
  const tables = new WeakMap();
  const tableOf = (emitter) => {
    let table = tables.get(emitter);
    if (!table) tables.set(emitter, (table = new Map()));
    return table;
  };
  const add = (emitter, name, listener, original, first) => {
    need(original);
    const table = tableOf(emitter);
    if (table.has('newListener')) emitter.emit('newListener', name, original);
    const list = table.get(name) ?? [];
    const entry = { listener, original };
    table.set(name, first ? [entry, ...list] : [...list, entry]);
    return emitter;
  };
  const onceOnly = (emitter, name, listener) => function once(...args) {
    emitter.removeListener(name, listener);
    return Reflect.apply(listener, emitter, args);
  };
  class EventEmitter {
    on(name, listener) { return add(this, name, listener, listener, false); }
    addListener(name, listener) { return add(this, name, listener, listener, false); }
    prependListener(name, listener) { return add(this, name, listener, listener, true); }
    once(name, listener) {
      need(listener);
      return add(this, name, onceOnly(this, name, listener), listener, false);
    }
    prependOnceListener(name, listener) {
      need(listener);
      return add(this, name, onceOnly(this, name, listener), listener, true);
    }
    off(name, listener) { return this.removeListener(name, listener); }
    removeListener(name, listener) {
      const table = tableOf(this);
      const list = table.get(name) ?? [];
      const at = list.findLastIndex((entry) => entry.original === listener || entry.listener === listener);
      if (at === -1) return this;
      const rest = list.toSpliced(at, 1);
      if (rest.length) table.set(name, rest);
      else table.delete(name);
      if (table.has('removeListener')) this.emit('removeListener', name, listener);
      return this;
    }
    removeAllListeners(name) {
      if (name === undefined) tableOf(this).clear();
      else tableOf(this).delete(name);
      return this;
    }
    emit(name, ...args) {
      const list = tableOf(this).get(name);
      if (!list) {
        if (name !== 'error') return false;
        if (args[0] instanceof Error) throw args[0];
        throw Object.assign(new Error(`Unhandled error. (${host.util().inspect(args[0])})`), { code: 'ERR_UNHANDLED_ERROR', context: args[0] });
      }
      for (const { listener } of list) Reflect.apply(listener, this, args);
      return true;
    }
    listeners(name) { return (tableOf(this).get(name) ?? []).map((entry) => entry.original); }
    rawListeners(name) { return (tableOf(this).get(name) ?? []).map((entry) => entry.listener); }
    listenerCount(name) { return (tableOf(this).get(name) ?? []).length; }
    eventNames() { return Array.from(tableOf(this).keys()); }
    setMaxListeners() { return this; }
    getMaxListeners() { return EventEmitter.defaultMaxListeners; }
  }
  for (const name of Object.getOwnPropertyNames(EventEmitter.prototype)) {
    if (name !== 'constructor') Object.defineProperty(EventEmitter.prototype, name, { enumerable: true });
  }
  EventEmitter.defaultMaxListeners = 10;
  EventEmitter.EventEmitter = EventEmitter;
  EventEmitter.once = (emitter, name) => new Promise((resolve, reject) => {
    const fail = (error) => { emitter.removeListener(name, done); reject(error); };
    const done = (...args) => { emitter.removeListener('error', fail); resolve(args); };
    emitter.once(name, done);
    if (name !== 'error') emitter.once('error', fail);
  });
  // Node's is a function that works without `new` in `EventEmitter.call(this)`.
  return new Proxy(EventEmitter, { apply: () => undefined });
}
