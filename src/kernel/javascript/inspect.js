// util.inspect and util.format: what values look like. The layout rules were measured against node's
// output; `inspect_cases.txt` holds the measurements. An expression: (host) => { inspect, format }.
(host) => {
  'use strict';
  const {
    Array, ArrayBuffer, BigInt, Boolean, Date, Error, Function, JSON, Map, Math, Number, Object, Reflect, RegExp, Set,
    String, Symbol, Uint8Array, WeakMap, WeakSet,
  } = host.globals;
  const custom = Symbol.for('nodejs.util.inspect.custom');
  const {
    getOwnPropertyDescriptor: descriptorOf, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys: keysOf,
  } = Object;
  const isEnumerable = Function.prototype.call.bind(Object.prototype.propertyIsEnumerable);
  const hasOwn = Function.prototype.call.bind(Object.prototype.hasOwnProperty);
  const tagOf = Function.prototype.call.bind(Object.prototype.toString);
  const sourceOf = Function.prototype.call.bind(Function.prototype.toString);
  const errorToString = Function.prototype.call.bind(Error.prototype.toString);
  const regExpToString = Function.prototype.call.bind(RegExp.prototype.toString);
  const TypedArray = getPrototypeOf(Uint8Array);
  const getterOf = (proto, key) => Function.prototype.call.bind(descriptorOf(proto, key).get);
  const typedName = getterOf(TypedArray.prototype, Symbol.toStringTag);
  const mapSize = getterOf(Map.prototype, 'size');
  const setSize = getterOf(Set.prototype, 'size');
  const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
  const mapForEach = Function.prototype.call.bind(Map.prototype.forEach);
  const setForEach = Function.prototype.call.bind(Set.prototype.forEach);
  const dateTime = Function.prototype.call.bind(Date.prototype.getTime);
  const toISOString = Function.prototype.call.bind(Date.prototype.toISOString);
  const { apply } = Reflect;
  const builtIns = new Set(keysOf(host.globals).filter((name) => /^[A-Z][a-zA-Z0-9]+$/.test(name)));

  const defaults = {
    showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100,
    maxStringLength: 10000, breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
  };

  const OBJECT = 0;
  const ARRAY_ITEM = 1;
  const ARRAY = 2;

  // Strings -------------------------------------------------------------------------------------

  const needsEscape = /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
  const escapes = /[\x00-\x1f\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const named = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };
  const escapeUnit = (unit) => {
    if (named[unit]) return named[unit];
    const code = unit.charCodeAt(0);
    return code < 256
      ? `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`
      : `\\u${code.toString(16)}`;
  };
  const quote = (text) => {
    if (!needsEscape.test(text)) return `'${text}'`;
    let mark = "'";
    if (text.includes("'")) {
      if (!text.includes('"')) mark = '"';
      else if (!text.includes('`') && !text.includes('${')) mark = '`';
    }
    let body = text.replace(escapes, escapeUnit);
    if (mark === "'") body = body.replaceAll("'", "\\'");
    return mark + body + mark;
  };

  // Columns that a text takes: wide East Asian characters and emoji take two, combining marks none.
  const width = (text) => {
    if (/^[\x20-\x7e]*$/.test(text)) return text.length;
    let columns = 0;
    for (const char of text.normalize('NFC')) {
      const code = char.codePointAt(0);
      if (code < 32 || (code >= 0x7f && code < 0xa0) || /^[\p{Mn}\p{Me}\p{Cf}]$/u.test(char)) continue;
      const wide = code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f)
        || (code >= 0x3250 && code <= 0x4dbf) || (code >= 0x4e00 && code <= 0xa4c6) || (code >= 0xa960 && code <= 0xa97c)
        || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0xfe10 && code <= 0xfe19)
        || (code >= 0xfe30 && code <= 0xfe6b) || (code >= 0xff01 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6)
        || (code >= 0x1f300 && code <= 0x1f64f) || (code >= 0x1f900 && code <= 0x1f9ff) || (code >= 0x20000 && code <= 0x3fffd));
      columns += wide ? 2 : 1;
    }
    return columns;
  };

  // Primitives ----------------------------------------------------------------------------------

  const separated = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, '_');
  const number = (value, ctx) => {
    if (Object.is(value, -0)) return '-0';
    const text = `${value}`;
    if (!ctx?.numericSeparator || text.includes('e')) return text;
    const [, sign, whole, fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (whole === undefined) return text;
    return sign + separated(whole) + (fraction === undefined ? '' : `.${fraction.replace(/(\d{3})(?=\d)/g, '$1_')}`);
  };
  const bigint = (value, ctx) => `${ctx?.numericSeparator ? `${value}`.replace(/\d+/, separated) : value}n`;
  const symbol = (value) => Symbol.prototype.toString.call(value);

  const primitive = (ctx, value) => {
    switch (typeof value) {
      case 'string': {
        let text = value;
        let rest = '';
        if (text.length > ctx.maxStringLength) {
          const left = text.length - ctx.maxStringLength;
          text = text.slice(0, ctx.maxStringLength);
          rest = `... ${left} more character${left > 1 ? 's' : ''}`;
        }
        if (ctx.compact !== true && text.length > 16 && text.length > ctx.breakLength - ctx.indentation - 4) {
          const lines = text.split(/(?<=\n)/).map(quote);
          return lines.join(` +\n${' '.repeat(ctx.indentation + 2)}`) + rest;
        }
        return quote(text) + rest;
      }
      case 'number': return number(value, ctx);
      case 'bigint': return bigint(value, ctx);
      case 'symbol': return symbol(value);
      default: return `${value}`;
    }
  };

  // Names ---------------------------------------------------------------------------------------

  const isInstance = (value, constructor) => {
    try { return value instanceof constructor; } catch { return false; }
  };
  // The name of the nearest constructor up the prototype chain; null when the chain ends without one.
  const constructorName = (value, ctx, depth) => {
    let object = value;
    let first;
    while (object !== null && object !== undefined) {
      if (host.proxy(object)) return 'Object';
      const own = descriptorOf(object, 'constructor');
      if (own !== undefined && typeof own.value === 'function' && own.value.name !== '' && isInstance(value, own.value)) {
        return String(own.value.name);
      }
      object = getPrototypeOf(object);
      first ??= object;
    }
    if (first === null || first === undefined) return null;
    const name = constructorLabel(value);
    if (depth > ctx.depth && ctx.depth !== null) return `${name} <Complex prototype>`;
    return `${name} <${inspect(first, { ...ctx.options, customInspect: false, depth: -1 })}>`;
  };
  const constructorLabel = (value) => {
    try { return tagOf(value).slice(8, -1); } catch { return 'Object'; }
  };
  const prefix = (name, tag, fallback, size = '') => {
    if (name === null) {
      return tag !== '' && fallback !== tag
        ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
    }
    return tag !== '' && name !== tag ? `${name}${size} [${tag}] ` : `${name}${size} `;
  };
  const visibleKeys = (value, ctx) => {
    const symbols = getOwnPropertySymbols(value);
    if (ctx.showHidden) return [...getOwnPropertyNames(value), ...symbols];
    let names;
    try {
      names = keysOf(value);
    } catch {
      names = getOwnPropertyNames(value); // a module whose bindings are not initialised yet
    }
    return symbols.length ? [...names, ...symbols.filter((key) => isEnumerable(value, key))] : names;
  };
  const isIndex = (key) => typeof key === 'string' && /^(0|[1-9]\d{0,9})$/.test(key) && +key < 4294967295;
  const extraKeys = (value, ctx) => visibleKeys(value, ctx).filter((key) => !isIndex(key) && !(ctx.showHidden && key === 'length' && !Array.isArray(value)));

  // Containers ----------------------------------------------------------------------------------

  const moreItems = (count) => `... ${count} more item${count > 1 ? 's' : ''}`;
  const indented = (ctx, columns, run) => {
    ctx.indentation += columns;
    try { return run(); } finally { ctx.indentation -= columns; }
  };

  const arrayItems = (ctx, value, depth) => {
    const items = [];
    const limit = Math.min(Math.max(0, ctx.maxArrayLength), value.length);
    let index = 0;
    while (index < value.length && items.length < limit) {
      if (hasOwn(value, index)) {
        items.push(property(ctx, value, depth, String(index), ARRAY_ITEM));
        index++;
        continue;
      }
      const start = index;
      // Sparse arrays can be billions long: jump to the next index that is there.
      let next = value.length;
      if (value.length - index > 1000) {
        const found = keysOf(value).find((key) => isIndex(key) && +key > start);
        if (found !== undefined) next = +found;
      } else {
        next = index;
        while (next < value.length && !hasOwn(value, next)) next++;
      }
      const holes = next - start;
      items.push(`<${holes} empty item${holes > 1 ? 's' : ''}>`);
      index = next;
    }
    if (index < value.length) items.push(moreItems(value.length - index));
    return items;
  };
  const typedItems = (ctx, value, length) => {
    const shown = Math.min(Math.max(0, ctx.maxArrayLength), length);
    const items = [];
    for (let index = 0; index < shown; index++) {
      const item = value[index];
      items.push(typeof item === 'bigint' ? bigint(item, ctx) : number(item, ctx));
    }
    if (length > shown) items.push(moreItems(length - shown));
    if (ctx.showHidden) {
      indented(ctx, 2, () => {
        for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer']) {
          items.push(`[${key}]: ${format(ctx, value[key], 0)}`);
        }
      });
    }
    return items;
  };
  const collectionItems = (ctx, size, each, show) => {
    const limit = Math.min(Math.max(0, ctx.maxArrayLength), size);
    const items = [];
    indented(ctx, 2, () => {
      let seen = 0;
      each((value, key) => { if (seen++ < limit) items.push(show(value, key)); });
    });
    if (size > limit) items.push(moreItems(size - limit));
    return items;
  };
  const setItems = (ctx, value, depth) =>
    collectionItems(ctx, setSize(value), (visit) => setForEach(value, visit), (item) => format(ctx, item, depth));
  const mapItems = (ctx, value, depth) =>
    collectionItems(ctx, mapSize(value), (visit) => mapForEach(value, visit),
      (item, key) => `${format(ctx, key, depth)} => ${format(ctx, item, depth)}`);
  const bufferItems = (ctx, value) => {
    let bytes;
    try { bytes = new Uint8Array(value); } catch { return ['(detached)']; }
    const shown = Math.min(Math.max(0, ctx.maxArrayLength), bytes.length);
    let text = Array.from(bytes.subarray(0, shown), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const left = bytes.length - shown;
    if (left > 0) text += ` ... ${left} more byte${left > 1 ? 's' : ''}`;
    return [`[Uint8Contents]: <${text}>`, `byteLength: ${bytes.length}`];
  };

  const property = (ctx, object, depth, key, kind) => {
    const own = descriptorOf(object, key) ?? { value: object[key], enumerable: true };
    let text;
    if ('value' in own && own.value !== undefined) {
      text = indented(ctx, ctx.compact !== true || kind !== OBJECT ? 2 : 3, () => format(ctx, own.value, depth));
    } else if (own.get !== undefined) {
      const label = own.set === undefined ? 'Getter' : 'Getter/Setter';
      if (ctx.getters === true || (ctx.getters === 'get' && own.set === undefined) || (ctx.getters === 'set' && own.set !== undefined)) {
        try {
          const got = apply(own.get, object, []);
          text = indented(ctx, 2, () => {
            if (got === null || typeof got !== 'object') return `[${label}: ${primitive(ctx, got)}]`;
            return `[${label}] ${format(ctx, got, depth)}`;
          });
        } catch (error) {
          text = `[${label}: <Inspection threw (${error?.message})>]`;
        }
      } else {
        text = `[${label}]`;
      }
    } else {
      text = own.set !== undefined ? '[Setter]' : 'undefined';
    }
    if (kind === ARRAY_ITEM) return text;
    let name;
    if (typeof key === 'symbol') name = `[${symbol(key).replace(escapes, escapeUnit)}]`;
    else if (key === '__proto__') name = "['__proto__']";
    else if (own.enumerable === false) name = `[${key.replace(escapes, escapeUnit)}]`;
    else name = /^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key) ? key : quote(key);
    return `${name}: ${text}`;
  };

  // Functions and errors ------------------------------------------------------------------------

  const functionBase = (value, name, tag) => {
    const source = sourceOf(value);
    const head = source.slice(0, source.indexOf('{'));
    if (head.startsWith('class') && source.endsWith('}') && !head.includes('(')) {
      const own = descriptorOf(value, 'name')?.value;
      let base = typeof own === 'string' && own !== '' ? `[class ${own}` : '[class (anonymous)';
      if (name !== 'Function' && name !== null) base += ` [${name}]`;
      if (tag !== '' && name !== tag) base += ` [${tag}]`;
      if (name === null) return `${base} extends null]`;
      const parent = getPrototypeOf(value)?.name;
      return `${base}${parent ? ` extends ${parent}` : ''}]`;
    }
    const kind = constructorLabel(value);
    const type = /^(Async|Generator|AsyncGenerator)Function$/.test(kind) ? kind : 'Function';
    let base = `[${type}`;
    if (name === null) base += ' (null prototype)';
    base += value.name === '' ? ' (anonymous)' : `: ${typeof value.name === 'string' ? value.name : format(fresh(), value.name, 0)}`;
    base += ']';
    if (name !== type && name !== null) base += ` ${name}`;
    if (tag !== '' && name !== tag) base += ` [${tag}]`;
    return base;
  };

  const errorBase = (error, name, tag, ctx, keys) => {
    let stack = error.stack;
    stack = stack ? String(stack) : errorToString(error);
    if (stack.startsWith('\n    at')) stack = errorToString(error) + stack; // of a DOMException
    // What the text already tells is not told again as a property.
    if (!ctx.showHidden && keys.length !== 0) {
      for (const key of ['name', 'message', 'stack']) {
        const at = keys.indexOf(key);
        if (at !== -1 && (typeof error[key] !== 'string' || stack.includes(error[key]))) keys.splice(at, 1);
      }
    }
    if ('cause' in error && hasOwn(error, 'cause') && !keys.includes('cause')) keys.push('cause');
    if (Array.isArray(error.errors) && hasOwn(error, 'errors') && !keys.includes('errors')) keys.push('errors');
    // The header was written when the error was made; show the class and name it has now.
    let label = error.name != null ? String(error.name) : 'Error';
    if (name === null || (label.endsWith('Error') && stack.startsWith(label)
      && (stack.length === label.length || stack[label.length] === ':' || stack[label.length] === '\n'))) {
      let fallback = 'Error';
      if (name === null) {
        const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n {4}at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack);
        fallback = (start && start[1]) || '';
        stack = `${prefix(name, tag, fallback).slice(0, -1)}${stack.slice(fallback.length)}`;
      } else if (name !== label) {
        if (name.includes(label)) stack = fallback.length === 0 ? `${name}: ${stack}` : `${name}${stack.slice(label.length)}`;
        else stack = `${name} [${label}]${stack.slice(label.length)}`;
      }
    }
    // An error without frames is shown in brackets.
    const at = error.message ? stack.indexOf(error.message) : -1;
    const from = at === -1 ? 0 : at + error.message.length;
    const frames = stack.indexOf('\n    at', from);
    if (frames === -1) stack = `[${stack}]`;
    if (ctx.indentation !== 0) stack = stack.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
    return stack;
  };

  // Layout --------------------------------------------------------------------------------------

  // Short items of a long array go into columns.
  const columns = (ctx, items, value) => {
    let cells = items.length;
    if (ctx.maxArrayLength < items.length) cells--; // "... more items" keeps a line of its own
    const lengths = [];
    let total = 0;
    let longest = 0;
    for (let i = 0; i < cells; i++) {
      lengths[i] = width(items[i]);
      total += lengths[i] + 2;
      longest = Math.max(longest, lengths[i]);
    }
    const cell = longest + 2;
    if (cell * 3 + ctx.indentation >= ctx.breakLength || !(total / cell > 5 || longest <= 6)) return items;
    const biased = Math.max(longest - 1 - Math.sqrt(cell - total / items.length), 1);
    const count = Math.min(
      Math.round(Math.sqrt(2.5 * biased * cells) / biased),
      Math.floor((ctx.breakLength - ctx.indentation) / cell),
      ctx.compact * 4,
      15,
    );
    if (count <= 1) return items;
    const widths = [];
    for (let column = 0; column < count; column++) {
      let widest = 0;
      for (let i = column; i < cells; i += count) widest = Math.max(widest, lengths[i]);
      widths.push(widest + 2);
    }
    // Numbers are aligned to the right: all of them, or none.
    let right = value !== undefined;
    for (let i = 0; right && i < items.length; i++) right = typeof value[i] === 'number' || typeof value[i] === 'bigint';
    const lines = [];
    for (let start = 0; start < cells; start += count) {
      const end = Math.min(start + count, cells);
      let line = '';
      for (let i = start; i < end; i++) {
        const last = i === end - 1;
        const text = last ? items[i] : `${items[i]}, `;
        const pad = ' '.repeat(Math.max(0, widths[i - start] - lengths[i] - 2));
        line += right ? pad + text : last ? text : text + pad;
      }
      lines.push(line);
    }
    if (cells < items.length) lines.push(items[cells]);
    return lines;
  };

  const fits = (ctx, items, start, base) => {
    let total = items.length + start;
    if (total + items.length > ctx.breakLength) return false;
    for (const item of items) {
      total += item.length;
      if (total > ctx.breakLength) return false;
    }
    return base === '' || !base.includes('\n');
  };
  const layout = (ctx, output, base, braces, kind, depth, value) => {
    let items = output;
    const lead = base ? `${base} ` : '';
    if (ctx.compact !== true) {
      if (typeof ctx.compact === 'number' && ctx.compact >= 1) {
        if (kind === ARRAY && items.length > 6) items = columns(ctx, items, value);
        if (ctx.currentDepth - depth < ctx.compact && items.length === output.length) {
          const start = items.length + ctx.indentation + braces[0].length + base.length + 10;
          if (fits(ctx, items, start, base)) {
            const joined = items.join(', ');
            if (!joined.includes('\n')) return `${lead}${braces[0]} ${joined} ${braces[1]}`;
          }
        }
      }
      const line = `\n${' '.repeat(ctx.indentation)}`;
      return `${lead}${braces[0]}${line}  ${items.join(`,${line}  `)}${line}${braces[1]}`;
    }
    if (fits(ctx, items, 0, base)) return `${braces[0]}${base ? ` ${base}` : ''} ${items.join(', ')} ${braces[1]}`;
    const line = `\n${' '.repeat(ctx.indentation)}`;
    return `${base ? `${base} ` : ''}${braces[0]}${base === '' && braces[0].length === 1 ? ' ' : `${line}  `}${items.join(`,${line}  `)} ${braces[1]}`;
  };

  // Values --------------------------------------------------------------------------------------

  const format = (ctx, value, depth) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return primitive(ctx, value);
    let subject = value;
    const proxy = host.proxy(value);
    if (proxy) {
      if (ctx.showProxy) return formatProxy(ctx, proxy, depth);
      if (proxy[0] === null) return '<Revoked Proxy>';
      subject = proxy[0];
      for (let inner; (inner = host.proxy(subject));) {
        if (inner[0] === null) return '<Revoked Proxy>';
        subject = inner[0];
      }
    }
    if (ctx.customInspect) {
      const method = subject[custom];
      if (typeof method === 'function' && method !== inspect
        && !(descriptorOf(subject, 'constructor') && subject.constructor?.prototype === subject)) {
        const room = ctx.depth === null ? null : ctx.depth - depth;
        const options = { ...ctx.options, stylize: (text) => `${text}` };
        const answer = apply(method, value, [room, options, inspect]);
        if (answer !== value) {
          if (typeof answer !== 'object' && typeof answer !== 'function') {
            return `${typeof answer === 'symbol' ? symbol(answer) : answer}`.replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
          }
          return format(ctx, answer, depth);
        }
      }
    }
    if (ctx.seen.includes(subject)) {
      ctx.circular ??= new Map();
      let index = ctx.circular.get(subject);
      if (index === undefined) ctx.circular.set(subject, (index = ctx.circular.size + 1));
      return `[Circular *${index}]`;
    }
    return formatObject(ctx, subject, depth);
  };

  const formatProxy = (ctx, [target, handler], depth) => {
    if (target === null) return '<Revoked Proxy>';
    if (depth > ctx.depth && ctx.depth !== null) return 'Proxy [Array]';
    const items = indented(ctx, 2, () => [format(ctx, target, depth + 1), format(ctx, handler, depth + 1)]);
    return layout(ctx, items, '', ['Proxy [', ']'], ARRAY, depth + 1);
  };

  // The class-specific part: braces, a base text, and what fills the braces.
  const classify = (ctx, value, depth, name, tag) => {
    const empty = (braces, text) => ({ braces, none: text });
    if (Array.isArray(value)) {
      const lead = name !== 'Array' || tag !== '' ? prefix(name, tag, 'Array', `(${value.length})`) : '';
      const keys = extraKeys(value, ctx);
      return { braces: [`${lead}[`, ']'], keys, kind: ARRAY, items: () => arrayItems(ctx, value, depth),
        none: value.length === 0 && keys.length === 0 ? `${lead}[]` : undefined };
    }
    if (typeof value === 'function') {
      const base = functionBase(value, name, tag);
      return { ...empty(['{', '}'], base), base };
    }
    const typed = typedName(value);
    if (typed !== undefined) {
      const length = value.length;
      const lead = prefix(name, tag, typed, `(${length})`);
      const keys = extraKeys(value, ctx);
      return { braces: [`${lead}[`, ']'], keys, kind: ARRAY, items: () => typedItems(ctx, value, length),
        none: length === 0 && keys.length === 0 && !ctx.showHidden ? `${lead}[]` : undefined };
    }
    const promise = host.promise(value);
    if (promise) {
      const [state, result] = promise;
      return { braces: [`${prefix(name, tag, 'Promise')}{`, '}'], items: () => {
        if (state === 0) return ['<pending>'];
        const text = indented(ctx, 2, () => format(ctx, result, depth));
        return [state === 2 ? `<rejected> ${text}` : text];
      } };
    }
    if (host.isError(value)) return { error: true, braces: ['{', '}'] };
    if (tag === 'Module' && Object.isSealed(value) && getPrototypeOf(value) === null) {
      return { braces: [`${prefix(name, '', 'Module')}{`, '}'], none: '[Module: null prototype] {}' };
    }
    const branded = brand(ctx, value, depth, name, tag);
    if (branded) return branded;
    if (constructorLabel(value) === 'Arguments' && tag === '') return empty(['[Arguments] {', '}'], '[Arguments] {}');
    if (name === 'Object' && tag === '') return empty(['{', '}'], '{}');
    const lead = prefix(name, tag, 'Object');
    return empty([`${lead}{`, '}'], `${lead}{}`);
  };

  // Built-in classes, told by an internal slot and not by what the object says of itself.
  const brand = (ctx, value, depth, name, tag) => {
    const attempt = (constructor, read) => {
      if (!isInstance(value, constructor)) return undefined;
      try { return read(value); } catch { return undefined; }
    };
    const collection = (kind, size, items) => {
      const lead = prefix(name, tag, kind, `(${size})`);
      return { braces: [`${lead}{`, '}'], items, none: size === 0 ? `${lead}{}` : undefined };
    };
    const size = attempt(Map, mapSize);
    if (size !== undefined) return collection('Map', size, () => mapItems(ctx, value, depth));
    const members = attempt(Set, setSize);
    if (members !== undefined) return collection('Set', members, () => setItems(ctx, value, depth));
    const label = constructorLabel(value);
    if (isInstance(value, RegExp) && attempt(RegExp, (v) => { RegExp.prototype.exec.length; return descriptorOf(v, 'lastIndex'); })) {
      const lead = prefix(name, tag, 'RegExp');
      const base = (lead === 'RegExp ' ? '' : lead) + regExpToString(value);
      return { braces: ['{', '}'], base, none: base };
    }
    const time = attempt(Date, dateTime);
    if (time !== undefined) {
      const lead = prefix(name, tag, 'Date');
      const base = (lead === 'Date ' ? '' : lead) + (Number.isNaN(time) ? 'Invalid Date' : toISOString(value));
      return { braces: ['{', '}'], base, none: base };
    }
    for (const [kind, constructor] of [['ArrayBuffer', ArrayBuffer], ['SharedArrayBuffer', host.globals.SharedArrayBuffer]]) {
      if (typeof constructor !== 'function') continue;
      if (attempt(constructor, kind === 'ArrayBuffer' ? bufferLength : (v) => v.byteLength) !== undefined) {
        return { braces: [`${prefix(name, tag, kind)}{`, '}'], items: () => bufferItems(ctx, value) };
      }
    }
    if (label === 'DataView' && ArrayBuffer.isView(value)) {
      return { braces: [`${prefix(name, tag, 'DataView')}{`, '}'], items: () => indented(ctx, 2, () => [
        `byteLength: ${value.byteLength}`, `byteOffset: ${value.byteOffset}`, `buffer: ${format(ctx, value.buffer, depth)}`]) };
    }
    if (isInstance(value, WeakSet)) return { braces: [`${prefix(name, tag, 'WeakSet')}{`, '}'], items: () => ['<items unknown>'] };
    if (isInstance(value, WeakMap)) return { braces: [`${prefix(name, tag, 'WeakMap')}{`, '}'], items: () => ['<items unknown>'] };
    for (const [kind, constructor] of [['Number', Number], ['String', String], ['Boolean', Boolean], ['BigInt', BigInt], ['Symbol', Symbol]]) {
      const inner = attempt(constructor, (v) => constructor.prototype.valueOf.call(v));
      if (inner === undefined) continue;
      let base = `[${kind}`;
      if (kind !== name) base += name === null ? ' (null prototype)' : ` (${name})`;
      base += `: ${primitive({ ...ctx, compact: true, breakLength: Infinity }, inner)}]`;
      if (tag !== '' && tag !== name) base += ` [${tag}]`;
      const keys = kind === 'String' ? visibleKeys(value, ctx).slice(inner.length) : undefined;
      return { braces: ['{', '}'], base, none: (keys ?? visibleKeys(value, ctx)).length === 0 ? base : undefined, keys };
    }
    return undefined;
  };

  const formatObject = (ctx, value, depth) => {
    const name = constructorName(value, ctx, depth);
    let tag = '';
    try { tag = value[Symbol.toStringTag]; } catch { /* a getter that throws: no tag */ }
    if (typeof tag !== 'string' || (tag !== '' && (ctx.showHidden ? hasOwn : isEnumerable)(value, Symbol.toStringTag))) tag = '';
    const inner = depth + 1;
    const shape = classify(ctx, value, inner, name, tag);
    const { braces, kind = OBJECT } = shape;
    const keys = shape.keys ?? visibleKeys(value, ctx);
    let base = shape.base ?? '';
    if (shape.error) {
      base = errorBase(value, name, tag, ctx, keys);
      if (keys.length === 0) return base;
    } else if (keys.length === 0 && shape.none !== undefined) {
      return shape.none;
    }
    if (depth > ctx.depth && ctx.depth !== null) {
      const label = prefix(name, tag, Array.isArray(value) ? 'Array' : 'Object').slice(0, -1);
      return name === null ? label : `[${label}]`;
    }
    ctx.seen.push(value);
    ctx.currentDepth = inner;
    const items = shape.items?.() ?? [];
    for (const key of keys) items.push(property(ctx, value, inner, key, kind));
    ctx.seen.pop();
    const index = ctx.circular?.get(value);
    if (index !== undefined) base = base === '' ? `<ref *${index}>` : `<ref *${index}> ${base}`;
    if (ctx.sorted) {
      const order = ctx.sorted === true ? undefined : ctx.sorted;
      if (kind === OBJECT) items.sort(order);
      else if (keys.length > 1) items.splice(-keys.length, keys.length, ...items.slice(-keys.length).sort(order));
    }
    return layout(ctx, items, base, braces, kind, inner, value);
  };

  const fresh = (options) => {
    const ctx = { ...defaults, ...options, indentation: 0, seen: [], circular: undefined, currentDepth: 0, budget: {} };
    if (ctx.maxArrayLength === null) ctx.maxArrayLength = Infinity;
    if (ctx.maxStringLength === null) ctx.maxStringLength = Infinity;
    ctx.options = { ...defaults, ...options };
    return ctx;
  };
  const inspect = (value, options, ...legacy) => {
    let chosen = options;
    if (typeof options === 'boolean') chosen = { showHidden: options };
    if (legacy.length && typeof chosen !== 'object') chosen = {};
    if (legacy.length) chosen = { ...chosen, depth: legacy[0] };
    return format(fresh(chosen), value, 0);
  };
  inspect.custom = custom;
  inspect.defaultOptions = defaults;

  // printf --------------------------------------------------------------------------------------

  const hasOwnToString = (value) => {
    if (host.proxy(value)) return false;
    if (typeof value.toString !== 'function') return false;
    if (hasOwn(value, 'toString')) return true;
    let holder = value;
    do { holder = getPrototypeOf(holder); } while (holder !== null && !hasOwn(holder, 'toString'));
    const made = holder === null ? undefined : descriptorOf(holder, 'constructor')?.value;
    return !(made !== undefined && typeof made === 'function' && builtIns.has(made.name));
  };
  const asText = (value) => {
    switch (typeof value) {
      case 'number': return number(value);
      case 'bigint': return bigint(value);
      case 'object':
        if (value !== null && !hasOwnToString(value)) return inspect(value, { depth: 0, colors: false, compact: 3 });
    }
    return String(value);
  };
  const json = (value) => {
    try {
      return JSON.stringify(value);
    } catch (error) {
      if (/circular/i.test(String(error?.message))) return '[Circular]';
      throw error;
    }
  };
  const directives = {
    s: asText,
    d: (v) => (typeof v === 'bigint' ? bigint(v) : typeof v === 'symbol' ? 'NaN' : number(Number(v))),
    i: (v) => (typeof v === 'bigint' ? bigint(v) : typeof v === 'symbol' ? 'NaN' : number(Number.parseInt(v))),
    f: (v) => (typeof v === 'symbol' ? 'NaN' : number(Number.parseFloat(v))),
    j: json,
    o: (v) => inspect(v, { showHidden: true, showProxy: true, depth: 4 }),
    O: (v) => inspect(v),
    c: () => '',
  };
  const formatText = (...args) => {
    let next = 0;
    let text = '';
    if (typeof args[0] === 'string') {
      next = 1;
      text = args.length === 1 ? args[0] : args[0].replace(/%([sdifjoOc%])/g, (all, letter) => {
        if (letter === '%') return '%';
        return next < args.length ? directives[letter](args[next++]) : all;
      });
    }
    for (; next < args.length; next++) {
      const value = args[next];
      text += (next > 0 ? ' ' : '') + (typeof value === 'string' ? value : inspect(value));
    }
    return text;
  };

  return { inspect, format: formatText, quote, width };
}
