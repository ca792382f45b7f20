// Names that fit, found without running the user's code: no getter is called (but our own, which only
// read a variable), no proxy is asked, and built-in methods are the ones from before user code could replace
// them: hence the plain loops. An expression: (host, published) => complete(chain, prefix).
(host, published) => {
  'use strict';
  const { Array, ArrayBuffer, Function, Map, Object, RegExp, Set, BigInt, Boolean, Number, String, Symbol } = host.globals;
  const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf } = Object;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const unbound = Function.prototype.bind.bind(Function.prototype.call);
  const sourceOf = unbound(Function.prototype.toString);
  const startsWith = unbound(String.prototype.startsWith);
  const matches = unbound(RegExp.prototype.exec);
  const push = unbound(Array.prototype.push);
  const sort = unbound(Array.prototype.sort);
  const has = unbound(Set.prototype.has);
  const remember = unbound(Set.prototype.add);
  const getterOf = unbound(Map.prototype.get);
  const forEachKey = unbound(Map.prototype.forEach);
  const keywords = ['await', 'async', 'break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default', 'delete', 'do', 'else', 'export',
    'extends', 'false', 'finally', 'for', 'function', 'if', 'import', 'in', 'instanceof', 'let', 'new', 'null', 'of', 'return', 'static', 'super',
    'switch', 'this', 'throw', 'true', 'try', 'typeof', 'var', 'void', 'while', 'with', 'yield'];
  const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
  const LIMIT = 200;
  const MANY = 1000;
  const prototypes = {
    __proto__: null, string: String.prototype, number: Number.prototype, boolean: Boolean.prototype, symbol: Symbol.prototype, bigint: BigInt.prototype,
  };

  // The value of a property, if it can be had without running anything: { value }, or undefined.
  const read = (object, key) => {
    for (let holder = object; holder !== null; holder = getPrototypeOf(holder)) {
      if (host.proxy(holder)) return undefined;
      const own = getOwnPropertyDescriptor(holder, key);
      if (own === undefined) continue;
      if ('value' in own) return own;
      if (holder !== globalThis || !(getterOf(published, key) === own.get || has(host.lazyGetters, own.get))) return undefined;
      try { return { value: own.get() }; } catch { return undefined; }
    }
    return undefined;
  };
  const holderOf = (value) => {
    if (value === null || value === undefined) return undefined;
    return prototypes[typeof value] ?? value;
  };
  const kindOf = (found) => {
    if (found === undefined) return 'property';
    const { value } = found;
    if (typeof value === 'function') return startsWith(sourceOf(value), 'class') ? 'class' : 'function';
    return value === null ? 'null' : typeof value;
  };
  const propertyNames = (object) => {
    const isLong = (isArray(object) || isView(object)) && read(object, 'length')?.value > MANY;
    return isLong ? ['length'] : getOwnPropertyNames(object);
  };

  return (chain, prefix) => {
    let holder = globalThis;
    for (let i = 0; i < chain.length; i++) {
      const key = chain[i];
      if (key === 'this' && holder === globalThis) continue;
      const found = key === "'" ? { value: '' } : read(holder, key);
      holder = found && holderOf(found.value);
      if (holder === undefined) return [];
    }
    const isGlobal = chain.length === 0;
    const seen = new Set();
    const items = [];
    const take = (names, object, kind) => {
      const fresh = [];
      for (let i = 0; i < names.length; i++) {
        const name = names[i];
        if (!startsWith(name, prefix) || has(seen, name) || matches(identifier, name) === null) continue;
        remember(seen, name);
        push(fresh, name);
      }
      sort(fresh);
      for (let i = 0; i < fresh.length && items.length < LIMIT; i++) {
        push(items, [fresh[i], kind ?? kindOf(read(object, fresh[i]))]);
      }
    };
    if (isGlobal) {
      const own = [];
      forEachKey(published, (_, name) => push(own, name));
      take(own, globalThis);
      take(keywords, globalThis, 'keyword');
      take(getOwnPropertyNames(globalThis), globalThis);
      return items;
    }
    for (let object = holder; object !== null && items.length < LIMIT; object = getPrototypeOf(object)) {
      if (host.proxy(object)) break;
      take(propertyNames(object), object);
    }
    return items;
  };
}
