// The module `companion`: tools as functions, functions as tools, pictures as values. What a tool does
// is asked of the same policy as everywhere, with the origin "sandbox". A call blocks until it is over;
// `await` does no harm. An expression: (host) => the module.
(host) => {
  'use strict';
  const { Array, ArrayBuffer, Error, JSON, Map, Number, Object, Proxy, Reflect, Set, String, Symbol, TypeError, Uint8Array } = host.globals;
  const { core } = host;
  const { failure } = host.files();

  // Asking ----------------------------------------------------------------------------------------

  const answered = (answer) => {
    if ('errno' in answer) throw failure(answer, 'companion');
    return answer.value;
  };
  const ask = (question) => {
    const text = answered(host.desk(JSON.stringify(question)));
    return text === undefined ? undefined : JSON.parse(text);
  };

  class ToolError extends Error {
    constructor({ message, kind = 'failed', violations = [] }, tool, output) {
      super(message);
      this.kind = kind;
      this.tool = tool;
      if (violations.length) this.violations = violations;
      if (output !== undefined) this.output = output;
    }
    get name() { return 'ToolError'; }
  }

  // Pictures --------------------------------------------------------------------------------------

  const handleOf = (image) => (image instanceof Image ? image.handle : String(image));
  const bytesOf = (data) => {
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw host.invalidArgument('data', 'an ArrayBuffer or a view of one', data);
  };
  // Names and units are Pillow's. A picture does not change: every operation gives a new one.
  class Image {
    constructor(artifact) {
      const { blob, width, height, media_type: format, name } = artifact;
      Object.assign(this, { handle: blob, width, height, format, name });
      Object.freeze(this);
    }
    // Byte for byte, where this cell may read; where not, by the policy of show_image, which shows
    // nothing to who calls it.
    static open(path) {
      let bytes;
      try {
        bytes = host.files().fs.readFileSync(path);
      } catch (error) {
        if (error.code !== 'EACCES') throw error;
        return call('show_image', { image: String(path) });
      }
      return Image.fromBytes(bytes, String(path).split('/').pop());
    }
    static fromBytes(data, name = 'picture') { return kept(name, data, 0, 0); }
    static fromPixels(width, height, data, name = 'picture.png') { return kept(name, data, width, height); }
    read() { return readAll(this, false); }
    pixels() { return readAll(this, true); }
    save(path) {
      const name = String(path).split('/').pop();
      const ending = name.split('.').pop().toLowerCase();
      const format = { jpg: 'jpeg', jpeg: 'jpeg', png: 'png', webp: 'webp', gif: 'gif' }[ending];
      if (format === undefined) throw new TypeError(`'${name}': the ending of a picture is .png, .jpg, .webp or .gif`);
      const image = this.format === `image/${format}` ? this : this.convert(format);
      try {
        host.files().fs.writeFileSync(path, image.read());
      } catch (error) {
        if (error.code !== 'EACCES') throw error;
        saveByTool(image, path);
      }
      return image;
    }
    edit(edits, { sources, format = 'png', quality } = {}) {
      const named = sources && Object.fromEntries(Object.entries(sources).map(([name, image]) => [name, handleOf(image)]));
      return call('edit_image', { image: this.handle, edits: [edits].flat(), format, quality, sources: named });
    }
    crop(x, y, width = this.width - x, height = this.height - y) { return this.edit({ op: 'crop', x, y, width, height }); }
    resize({ width, height, mode = 'fit', filter = 'lanczos' }) { return this.edit({ op: 'resize', width, height, mode, filter }); }
    thumbnail(width, height = width) { return this.edit({ op: 'thumbnail', width, height }); }
    rotate(degrees, { expand = false } = {}) { return this.edit({ op: 'rotate', degrees, expand }); }
    flip(direction = 'vertical') { return this.edit({ op: 'flip', direction }); }
    mirror() { return this.flip('horizontal'); }
    pad({ left = 0, top = 0, right = 0, bottom = 0, color = 'black' }) { return this.edit({ op: 'pad', left, top, right, bottom, color }); }
    border(width, color = 'black') { return this.edit({ op: 'border', width, color }); }
    brightness(factor) { return this.edit({ op: 'brightness', factor }); }
    contrast(factor) { return this.edit({ op: 'contrast', factor }); }
    saturation(factor) { return this.edit({ op: 'saturation', factor }); }
    hue(degrees) { return this.edit({ op: 'hue', degrees }); }
    grayscale() { return this.edit({ op: 'grayscale' }); }
    invert() { return this.edit({ op: 'invert' }); }
    sepia(amount = 1) { return this.edit({ op: 'sepia', amount }); }
    gamma(gamma) { return this.edit({ op: 'gamma', gamma }); }
    blur(radius = 2) { return this.edit({ op: 'blur', radius }); }
    sharpen({ radius = 2, percent = 150, threshold = 3 } = {}) { return this.edit({ op: 'sharpen', radius, percent, threshold }); }
    paste(image, x = 0, y = 0, opacity = 1) {
      return this.edit({ op: 'paste', source: 'image', x, y, opacity }, { sources: { image } });
    }
    text(text, { x = 0, y = 0, size = 24, color = 'black' } = {}) { return this.edit({ op: 'text', text, x, y, size, color }); }
    convert(format, quality) { return this.edit([], { format, quality }); }
    compare(other) { return call('compare_images', { left: this.handle, right: handleOf(other) }); }
    [Symbol.for('nodejs.util.inspect.custom')]() {
      return `Image { '${this.name}' ${this.width}×${this.height} ${this.handle.slice(0, 12)} }`;
    }
  }
  const EINVAL = 22; // the data are no picture
  const kept = (name, data, width, height) => {
    const answer = host.deskKeep(name, bytesOf(data), width, height);
    if (answer.errno === EINVAL) throw new TypeError(answer.message);
    return new Image(JSON.parse(answered(answer)));
  };
  // Where this cell may not write a tool may, if the policy lets it.
  const saveByTool = (image, path) => {
    try {
      call('save_image', { image: image.handle, path: String(path), overwrite: true });
    } catch (error) {
      if (error.kind !== 'denied') throw error;
      core.console.error(`${path} is not written: ${error.message}; the picture is kept as ${image.handle}`);
    }
  };
  const readAll = (image, pixels) => {
    const handle = answered(host.deskOpen(image.handle, pixels));
    try {
      const pieces = [];
      for (;;) {
        const piece = answered(host.fileRead(handle, 1 << 20));
        if (piece.length === 0) break;
        pieces.push(piece);
      }
      const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
      let at = 0;
      for (const piece of pieces) { whole.set(piece, at); at += piece.length; }
      return whole;
    } finally {
      host.fileClose(handle, 0);
    }
  };
  const show = (...images) => {
    for (const image of images) {
      const shown = image instanceof Image ? image : Image.fromBytes(image);
      ask({ show: { image: shown.handle, name: shown.name } });
    }
  };
  host.display = (value) => { if (value instanceof Image) show(value); };

  const progress = (done, total, message) => {
    if (typeof done !== 'number' && typeof done?.[Symbol.iterator] === 'function') return told(done, total, message);
    ask({ progress: { done: Number(done), total: total === undefined ? null : Number(total), message: message ?? null } });
    return undefined;
  };
  function* told(items, total = items.length ?? items.size, message) {
    let count = 0;
    let last = 0;
    for (const item of items) {
      const now = host.now();
      if (now - last >= 50) {
        last = now;
        progress(count, total, message);
      }
      count++;
      yield item;
    }
  }

  // Calling tools ---------------------------------------------------------------------------------

  const functions = new Map();
  const plain = (key, value) => (value instanceof Image ? value.handle : value);
  const call = (name, args = {}, { noCache = false } = {}) => called(name, args, noCache, null);
  // What a call gives of a tool that is another one than its caller knows.
  const CHANGED = Symbol('changed');
  const called = (name, args, renew, known) => {
    const own = functions.get(name);
    if (own !== undefined) return own.call(args);
    const answer = ask({ call: { name, arguments: JSON.stringify(args, plain), renew, known } });
    if (answer.error) throw new ToolError(answer.error, name);
    return answer.changed ? CHANGED : resultOf(name, answer);
  };
  const resultOf = (name, { content, structured, is_error: isError }) => {
    const text = content.filter((item) => item.type === 'text').map((item) => item.text).join('\n');
    if (isError) throw new ToolError({ message: text.trimEnd() || JSON.stringify(structured) }, name, structured ?? undefined);
    const images = content.filter((item) => item.type === 'image').map((item) => new Image(item.artifact));
    if (images.length) return images.length === 1 ? images[0] : images;
    if (structured !== null && structured !== undefined) {
      const keys = Object.keys(structured);
      return keys.length === 1 && keys[0] === 'result' ? structured.result : structured;
    }
    const values = content.filter((item) => item.type === 'json');
    return values.length === 1 && text === '' ? values[0].value : text;
  };

  const isOptions = (value) => value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Image);
  // What is required can be given by place; the rest, or all of it, by name in an object.
  const bound = (spec, given) => {
    const required = spec.input_schema.required ?? [];
    const values = [...given];
    const named = values.length && isOptions(values.at(-1)) ? values.pop() : {};
    if (values.length > required.length) {
      throw new TypeError(`${spec.name} takes ${required.join(', ') || 'nothing'} by place, and the rest by name: {…}`);
    }
    const placed = Object.fromEntries(values.map((value, at) => [required[at], value]));
    return { ...placed, ...named };
  };
  // Tools change: other cells, kernels and servers have them.
  const invoke = (name, values) => {
    for (const isAgain of [false, true]) {
      const spec = specs.get(name) ?? renewed(name);
      let args;
      try {
        args = bound(spec, values);
      } catch (error) {
        if (isAgain || renewed(name).fingerprint === spec.fingerprint) throw error;
        continue;
      }
      const result = called(name, args, false, spec.fingerprint);
      if (result !== CHANGED) return result;
      renewed(name);
    }
    return call(name, bound(specs.get(name), values));
  };
  const renewed = (name) => {
    refresh({ servers: name.includes('/') });
    const spec = specs.get(name);
    if (spec === undefined) throw new ToolError({ message: `there is no tool "${name}" any more`, kind: 'unknown_tool' }, name);
    return spec;
  };
  const functionOf = (spec) => {
    const { name } = spec;
    const made = { [name](...values) { return invoke(name, values); } }[name];
    return Object.assign(made, { description: spec.description, inputSchema: spec.input_schema });
  };

  // Who asks for a tool that is not known may mean one that has come since. The object itself is no
  // proxy: completion and inspection run nothing of a proxy's, and so would see none of its tools.
  const withLater = (home, space) => {
    const get = (target, key, receiver) => {
      if (typeof key !== 'string' || key in target || NO_TOOLS.has(key) || key.startsWith('_')) return Reflect.get(target, key, receiver);
      if (key === 'default' && home === module) return module;
      refresh();
      if (Object.hasOwn(home, key)) return home[key];
      const name = space === undefined ? key : `${space}/${key}`;
      const { error } = ask({ check: { name, arguments: '{}' } });
      if (error?.kind === 'unknown_tool') throw new ToolError(error, name);
      return undefined;
    };
    return Object.setPrototypeOf(home, new Proxy(Object.prototype, { get }));
  };
  // What the language itself, and those who look at values, ask any object for.
  const NO_TOOLS = new Set(['then', 'toJSON', 'inspect', 'length']);

  const module = withLater({});
  const spaces = new Map();
  // The tools of a server; of one whose name is taken nothing can be seen.
  const spaceOf = (space) => {
    if (!spaces.has(space)) {
      spaces.set(space, withLater({}, space));
      if (!(space in module)) module[space] = spaces.get(space);
    }
    return spaces.get(space);
  };
  const known = new Set();
  const specs = new Map();
  const refresh = ({ servers = true } = {}) => {
    const found = ask({ list: { of_servers: servers } });
    const names = found.map((spec) => spec.name);
    for (const spec of found) {
      if (specs.get(spec.name)?.fingerprint === spec.fingerprint) continue;
      const [base, space] = spec.name.split('/').reverse();
      const home = space === undefined ? module : spaceOf(space);
      if (base in home && !known.has(spec.name)) continue;
      known.add(spec.name);
      home[base] = functionOf(spec);
      specs.set(spec.name, spec);
    }
    for (const name of [...specs.keys()]) {
      if (!names.includes(name) && (servers || !name.includes('/'))) specs.delete(name);
    }
    return names;
  };

  // Functions as tools ----------------------------------------------------------------------------

  const KINDS = { string: 'string', number: 'number', boolean: 'boolean', integer: 'integer', int: 'integer', object: 'object', array: 'array', null: 'null' };
  // The types of a union, without a look into brackets.
  const alternatives = (type) => {
    const parts = [''];
    let depth = 0;
    for (const char of type) {
      if ('(<[{'.includes(char)) depth++;
      if (')>]}'.includes(char)) depth--;
      if (char === '|' && depth === 0) parts.push('');
      else parts[parts.length - 1] += char;
    }
    return parts.map((part) => part.trim());
  };
  const ofType = (text) => {
    const type = text.trim();
    if (type === '*' || type === 'any') return {};
    if (type.startsWith('?')) return union([ofType(type.slice(1)), { type: 'null' }]);
    const quoted = alternatives(type);
    if (quoted.every((part) => /^'[^']*'$|^"[^"]*"$|^-?\d+(\.\d+)?$/.test(part))) {
      return { enum: quoted.map((part) => (/^['"]/.test(part) ? part.slice(1, -1) : Number(part))) };
    }
    if (quoted.length > 1) return union(quoted.map(ofType));
    if (/^\(.*\)$/s.test(type)) return ofType(type.slice(1, -1));
    const array = /^(.*)\[\]$/s.exec(type) ?? /^Array\.?<(.*)>$/s.exec(type);
    if (array) return { type: 'array', items: ofType(array[1]) };
    const record = /^(?:Record|Object)\.?<\s*string\s*,(.*)>$/s.exec(type);
    if (record) return { type: 'object', additionalProperties: ofType(record[1]) };
    const kind = KINDS[type.toLowerCase()];
    if (kind === undefined) throw new TypeError(`no JSON Schema is known for the type {${text}}: give the tool an inputSchema`);
    return { type: kind };
  };
  const union = (schemas) => (schemas.every((schema) => typeof schema.type === 'string' && Object.keys(schema).length === 1)
    ? { type: schemas.map((schema) => schema.type) } : { anyOf: schemas });
  const valueOf = (text) => { try { return JSON.parse(text.replace(/^'(.*)'$/s, '"$1"')); } catch { return undefined; } };

  // The comment before a function in the source of its cell.
  const commentOf = (run) => {
    const source = host.source ?? '';
    const at = source.indexOf(String(run));
    if (at < 0) return '';
    const end = source.lastIndexOf('*/', at);
    if (end < 0 || !/^\s*((export|async|const|let|var)\b\s*)*([\w$]+\s*=\s*)?([\w$.]+\(\s*)?$/.test(source.slice(end + 2, at))) return '';
    const start = source.lastIndexOf('/**', end);
    return start < 0 ? '' : source.slice(start + 3, end).replace(/^[ \t]*\*? ?/gm, '').trim();
  };
  const documented = (run) => {
    const comment = commentOf(run);
    const [about, ...tags] = comment.split(/^@|\s@(?=(?:param|returns?)\s*\{)/m);
    const properties = {};
    const required = [];
    const roots = new Set();
    for (const tag of tags) {
      const found = /^param\s*\{((?:[^{}]|\{[^}]*\})*)\}\s*(\[(?:[^[\]"']|"[^"]*"|'[^']*'|\[[^\]]*\])*\]|[\w$.]+)\s*-?\s*([\s\S]*)$/.exec(tag);
      if (!found) continue;
      const [, written, place, words] = found;
      const type = written.replace(/=$/, '');
      const inside = place.startsWith('[') ? place.slice(1, -1) : place;
      const [, path, otherwise] = /^([^=]*)(?:=(.*))?$/s.exec(inside);
      // Of `options.name`, the name: a tool's arguments are one object.
      const name = path.split('.').pop().trim();
      if (path.includes('.')) roots.add(path.split('.')[0].trim());
      if (!path.includes('.') && /^object$/i.test(type) && tags.some((other) => other.includes(`${name}.`))) continue;
      const schema = ofType(type);
      if (words.trim()) schema.description = words.trim().replace(/\s+/g, ' ');
      if (otherwise !== undefined) {
        const value = valueOf(otherwise.trim());
        if (value !== undefined) schema.default = value;
      } else if (!place.startsWith('[') && type === written) {
        required.push(name);
      }
      properties[name] = schema;
    }
    const input = { type: 'object', properties, additionalProperties: false };
    if (required.length) input.required = required;
    return { about: about.trim().replace(/\s+/g, ' '), input, names: Object.keys(properties), roots, output: documentedResult(tags) };
  };
  const documentedResult = (tags) => {
    const written = tags.map((tag) => /^returns?\s*\{((?:[^{}]|\{[^}]*\})*)\}/.exec(tag)?.[1]).find(Boolean);
    if (written === undefined) return undefined;
    try {
      return ofType(written.trim().replace(/^Promise\.?<(.*)>$/s, '$1'));
    } catch {
      return undefined; // of no type that JSON has: a picture, nothing
    }
  };
  // The schema of `structured`, an object: what is none is in one, under "result".
  const ofOutput = (schema) => {
    if (schema === undefined || schema.type === 'object') return schema;
    const kinds = kindsOf(schema);
    if (!kinds.length || kinds.includes('object') || kinds.every((kind) => kind === 'null')) return undefined;
    return { type: 'object', properties: { result: schema }, required: ['result'], additionalProperties: false };
  };
  const kindsOf = (schema) => {
    if (schema.enum) return ['enum'];
    const parts = (schema.anyOf ?? []).map(kindsOf);
    if (parts.some((part) => part.length === 0)) return [];
    return schema.anyOf ? parts.flat() : [schema.type ?? []].flat();
  };

  // How a function takes its arguments: makes an array of the object that they are.
  const placing = (called, run, schema, { isGiven, names, roots }) => {
    const parameters = JSON.parse(host.parameters(String(run)) ?? '[]');
    const isNamed = ({ name }) => name !== null && Object.hasOwn(schema.properties ?? {}, name);
    const takesAll = (parameter, at) => {
      if (parameter.is_array || isNamed(parameter)) return false;
      if (isGiven && at === 0 && !parameters.some(isNamed)) return true;
      if (parameter.is_rest) return false;
      const isOnly = parameters.length === 1 && !isGiven;
      return parameter.name === null || roots.has(parameter.name) || (isOnly && (roots.size > 0 || names.length > 1));
    };
    const takers = parameters.map((parameter, at) => {
      const { name } = parameter;
      if (takesAll(parameter, at)) return (args) => [args];
      if (isNamed(parameter)) return (args) => (parameter.is_rest ? args[name] ?? [] : [args[name]]);
      if (parameter.is_rest) return () => [];
      if (parameter.is_optional) return () => [undefined];
      if (name === null) throw new TypeError(`${called}: parameter ${at + 1} takes an array apart: give it a name`);
      const advice = isGiven ? 'not in the inputSchema: add it' : `not documented: write @param {type} ${name}`;
      throw new TypeError(`${called}: the parameter ${name} is ${advice}, or give it a default`);
    });
    return parameters.length ? (args) => takers.flatMap((take) => take(args)) : (args) => [args];
  };

  const tool = (first, second) => {
    const [options, run] = typeof first === 'function' ? [second ?? {}, first]
      : [first, second ?? first.run ?? first.execute];
    if (typeof run !== 'function') throw host.invalidArgument('run', 'of type function', run);
    const { about, input, names, roots, output } = documented(run);
    const given = options.inputSchema ?? options.input_schema ?? options.parameters;
    const schema = given ?? input;
    if (given === undefined && names.length === 0 && host.parameters(String(run)) !== '[]') {
      throw new TypeError(`what ${run.name || 'the function'} takes is not known: write /** @param {type} name */ above it, or give an inputSchema`);
    }
    const spec = {
      name: options.name ?? run.name,
      description: options.description ?? (about || `The function ${run.name} of a cell.`),
      input_schema: schema,
      tags: options.tags ?? [],
    };
    const outputSchema = ofOutput(options.outputSchema ?? options.output_schema ?? output);
    if (outputSchema !== undefined) spec.output_schema = outputSchema;
    const placed = placing(spec.name, run, schema, { isGiven: given !== undefined, names, roots });
    const defaults = Object.fromEntries(Object.entries(schema.properties ?? {})
      .filter(([, property]) => property?.default !== undefined)
      .map(([name, property]) => [name, property.default]));
    const made = {
      spec,
      run(given) {
        return run(...placed({ ...defaults, ...given }));
      },
      call(args) {
        const answer = ask({ check: { name: spec.name, arguments: JSON.stringify(args, plain) } });
        if (answer.error) throw new ToolError(answer.error, spec.name);
        return made.run(answer.arguments);
      },
    };
    const answer = ask({ register: { spec: JSON.stringify(spec) } });
    if (answer?.error) throw new ToolError(answer.error, spec.name);
    functions.set(spec.name, made);
    specs.delete(spec.name);
    return run;
  };
  const removeTool = (name) => {
    const was = functions.delete(name);
    if (was) ask({ unregister: { name } });
    return was;
  };

  // Runs a tool of ours for somebody else: JSON in, JSON out.
  const runTool = async (name, args) => {
    const made = functions.get(name);
    if (made === undefined) throw new Error(`the cell that made ${name} a tool was taken back: run it again`);
    const result = await made.run(JSON.parse(args));
    const images = [result].flat().filter((item) => item instanceof Image);
    if (images.length && images.length === [result].flat().length) return JSON.stringify({ images: images.map(handleOf) });
    if (typeof result === 'string') return JSON.stringify({ text: result, structured: { result } });
    // As JSON has it: a date is a text there, and so no object.
    const text = JSON.stringify(result, plain);
    if (text === undefined && made.spec.output_schema === undefined) return JSON.stringify({ text: 'done' });
    const value = JSON.parse(text ?? 'null');
    return JSON.stringify({ structured: isOptions(value) ? value : { result: value } });
  };

  class CodeExecutor {
    constructor({ timeout } = {}) { this.timeout = timeout; }
    #execute(name, code) {
      let told;
      try {
        told = call(name, { code, timeout_s: this.timeout });
      } catch (error) {
        if (!(error instanceof ToolError) || !isOptions(error.output)) throw error;
        told = error.output;
      }
      return { ...told, success: told.error === null, execution_time: told.time_ms / 1000 };
    }
    executePython(code) { return this.#execute('run_python', code); }
    executeJavascript(code) { return this.#execute('run_javascript', code); }
    executeShell(code) { return this.#execute('run_shell', code); }
  }

  Object.assign(module, {
    call, tool, removeTool, refresh, show, progress, Image, ToolError, CodeExecutor,
  });
  Object.defineProperty(module, Symbol.for('companion.run'), { value: runTool });
  try { refresh({ servers: false }); } catch (error) { if (error.code !== 'EACCES') throw error; }
  return module;
}
