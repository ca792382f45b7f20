// The module `path`, for the paths of this system: text only, nothing is looked up.
// An expression: (host) => path.
(host) => {
  'use strict';
  const { core } = host;
  const need = (path, name) => {
    if (typeof path !== 'string') throw host.invalidArgument(name, 'of type string', path);
    return path;
  };
  const normalizeParts = (path, isAbsolute) => {
    const parts = [];
    for (const part of path.split('/')) {
      if (part === '' || part === '.') continue;
      if (part !== '..') parts.push(part);
      else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
      else if (!isAbsolute) parts.push('..');
    }
    return parts.join('/');
  };
  const trimmed = (path) => path.replace(/(?<=[^/])\/+$/, '');
  const path = {
    sep: '/',
    delimiter: ':',
    isAbsolute: (path) => need(path, 'path').startsWith('/'),
    normalize(path) {
      if (need(path, 'path') === '') return '.';
      const isAbsolute = path.startsWith('/');
      let out = normalizeParts(path, isAbsolute);
      if (out === '') return isAbsolute ? '/' : path.endsWith('/') ? './' : '.';
      if (path.endsWith('/')) out += '/';
      return isAbsolute ? `/${out}` : out;
    },
    join(...parts) {
      const joined = parts.filter((part) => need(part, 'path') !== '').join('/');
      return joined === '' ? '.' : path.normalize(joined);
    },
    resolve(...parts) {
      let found = '';
      for (const part of parts.toReversed()) {
        if (need(part, 'paths') === '') continue;
        found = found === '' ? part : `${part}/${found}`;
        if (part.startsWith('/')) break;
      }
      if (!found.startsWith('/')) found = `${core.process.cwd()}/${found}`;
      return `/${normalizeParts(found, true)}`;
    },
    relative(from, to) {
      const [a, b] = [path.resolve(from), path.resolve(to)].map((path) => path.split('/').filter(Boolean));
      let same = 0;
      while (same < a.length && a[same] === b[same]) same++;
      return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/');
    },
    dirname(path) {
      const bare = trimmed(need(path, 'path'));
      const at = bare.lastIndexOf('/');
      if (at === -1) return '.';
      return trimmed(bare.slice(0, at)) || '/';
    },
    basename(path, suffix) {
      const bare = trimmed(need(path, 'path'));
      const name = bare.slice(bare.lastIndexOf('/') + 1);
      return suffix !== undefined && name !== suffix && name.endsWith(suffix) ? name.slice(0, name.length - suffix.length) : name;
    },
    extname(given) {
      const name = path.basename(given);
      const at = name.lastIndexOf('.');
      return at <= 0 || /^\.+$/.test(name) ? '' : name.slice(at);
    },
    parse(given) {
      const base = path.basename(given);
      const ext = path.extname(given);
      const root = given.startsWith('/') ? '/' : '';
      const dir = given.includes('/') ? path.dirname(given) : '';
      return { root, dir, base, ext, name: ext === '' ? base : base.slice(0, -ext.length) };
    },
    format({ root = '', dir = root, base, name = '', ext = '' }) {
      const file = base ?? name + (ext === '' || ext.startsWith('.') ? ext : `.${ext}`);
      if (dir === '') return file;
      return dir === root || dir.endsWith('/') ? dir + file : `${dir}/${file}`;
    },
    toNamespacedPath: (path) => path,
  };
  path.posix = path;
  return path;
}
