// structuredClone. An expression: (host) => structuredClone.
(host) => {
  'use strict';
  const {
    Array, ArrayBuffer, Boolean, DataView, Date, DOMException, Error, Map, Function, Number, Object, RegExp, Set, String, Symbol, BigInt,
  } = host.globals;
  const errors = new Set(['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError']);
  const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
  const brand = (value, read) => {
    try { return read(value); } catch { return undefined; }
  };
  const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, 'size').get;
  const typedName = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(host.globals.Uint8Array.prototype), Symbol.toStringTag).get;
  const setSize = Object.getOwnPropertyDescriptor(Set.prototype, 'size').get;
  const refuse = (value) => {
    const text = typeof value === 'symbol' ? Symbol.prototype.toString.call(value)
      : typeof value === 'function' ? Function.prototype.toString.call(value)
        : `#<${value?.constructor?.name || 'Object'}>`;
    throw new DOMException(`${text} could not be cloned.`, 'DataCloneError');
  };

  const copy = (value, seen) => {
    if (typeof value === 'symbol' || typeof value === 'function') refuse(value);
    if (value === null || typeof value !== 'object') return value;
    if (seen.has(value)) return seen.get(value);
    if (host.proxy(value) || host.promise(value)) refuse(value);
    const keep = (made) => {
      seen.set(value, made);
      return made;
    };
    const properties = (target) => {
      for (const key of Object.keys(value)) {
        Object.defineProperty(target, key, { value: copy(value[key], seen), writable: true, enumerable: true, configurable: true });
      }
      return target;
    };
    if (Array.isArray(value)) return properties(keep(new Array(value.length)));
    if (brand(value, (v) => mapSize.call(v)) !== undefined) {
      const made = keep(new Map());
      for (const [key, item] of [...Map.prototype.entries.call(value)]) made.set(copy(key, seen), copy(item, seen));
      return made;
    }
    if (brand(value, (v) => setSize.call(v)) !== undefined) {
      const made = keep(new Set());
      for (const item of [...Set.prototype.values.call(value)]) made.add(copy(item, seen));
      return made;
    }
    if (host.isError(value)) {
      const name = errors.has(String(value.name)) ? String(value.name) : 'Error';
      const real = keep(new host.globals[name](undefined));
      const hide = (key, item) => Object.defineProperty(real, key, { value: item, writable: true, enumerable: false, configurable: true });
      if (Object.hasOwn(value, 'message') || value.message) hide('message', String(value.message));
      if (value.stack) hide('stack', String(value.stack));
      if (Object.hasOwn(value, 'cause')) hide('cause', copy(value.cause, seen));
      return real;
    }
    if (ArrayBuffer.isView(value)) {
      const buffer = copy(value.buffer, seen);
      const Kind = value instanceof DataView ? DataView : host.globals[typedName.call(value)];
      return keep(new Kind(buffer, value.byteOffset, value instanceof DataView ? value.byteLength : value.length));
    }
    switch (tagOf(value)) {
      case 'Date': {
        const time = brand(value, (v) => Date.prototype.getTime.call(v));
        if (time !== undefined) return keep(new Date(time));
        break;
      }
      case 'RegExp': return keep(new RegExp(value.source, value.flags));
      case 'Number': return keep(Object(Number(value)));
      case 'String': return keep(Object(String(value)));
      case 'Boolean': return keep(Object(Boolean.prototype.valueOf.call(value)));
      case 'BigInt': return keep(Object(BigInt.prototype.valueOf.call(value)));
      case 'Symbol': return refuse(value);
      case 'ArrayBuffer': return keep(value.slice(0));
      case 'WeakMap': case 'WeakSet': case 'WeakRef': case 'Generator': case 'AsyncGenerator':
        return refuse(value);
    }
    return properties(keep({}));
  };

  return function structuredClone(value, options) {
    if (arguments.length === 0) {
      throw Object.assign(new host.globals.TypeError('The "value" argument must be specified'), { code: 'ERR_MISSING_ARGS' });
    }
    const seen = new Map();
    const transfer = options?.transfer === undefined ? [] : [...options.transfer];
    for (const buffer of transfer) {
      if (!(buffer instanceof ArrayBuffer)) throw new DOMException('Value could not be transferred.', 'DataCloneError');
      seen.set(buffer, buffer.slice(0));
    }
    const made = copy(value, seen);
    for (const buffer of transfer) buffer.transfer?.();
    return made;
  };
}
