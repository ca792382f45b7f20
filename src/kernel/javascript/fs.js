// The module `fs`, as far as it goes: files and folders that were granted, through the broker.
// An expression: (host) => ({ fs, promises }).
(host) => {
  'use strict';
  const { Array, Date, Error, Math, Number, Object, Promise, String, Uint8Array, ArrayBuffer } = host.globals;
  const { core } = host;

  // Errors --------------------------------------------------------------------------------------

  const codes = {
    1: 'EPERM', 2: 'ENOENT', 5: 'EIO', 6: 'ENXIO', 9: 'EBADF', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES',
    16: 'EBUSY', 17: 'EEXIST', 18: 'EXDEV', 19: 'ENODEV', 20: 'ENOTDIR', 21: 'EISDIR', 22: 'EINVAL', 24: 'EMFILE',
    26: 'ETXTBSY', 27: 'EFBIG', 28: 'ENOSPC', 30: 'EROFS', 36: 'ENAMETOOLONG', 39: 'ENOTEMPTY', 40: 'ELOOP',
    104: 'ECONNRESET', 110: 'ETIMEDOUT', 111: 'ECONNREFUSED', 122: 'EDQUOT', '-2': 'ENOTFOUND',
  };
  const words = { 'File exists': 'file already exists', 'Is a directory': 'illegal operation on a directory' };
  const failure = ({ errno, message }, syscall, path, dest) => {
    if (errno === 4) for (;;); // interrupted while it waited
    const code = codes[errno] ?? `E${errno}`;
    const text = words[message] ?? message[0].toLowerCase() + message.slice(1);
    const where = path === undefined ? '' : dest === undefined ? ` '${path}'` : ` '${path}' -> '${dest}'`;
    const error = new Error(`${code}: ${text}, ${syscall}${where}`);
    error.errno = -errno;
    error.code = code;
    error.syscall = syscall;
    if (path !== undefined) error.path = path;
    if (dest !== undefined) error.dest = dest;
    return error;
  };
  const check = (answer, syscall, path, dest) => {
    if ('errno' in answer) throw failure(answer, syscall, path, dest);
    return answer.value;
  };
  const pathOf = (path, name = 'path') => {
    if (path instanceof globalThis.URL) {
      if (path.protocol !== 'file:') throw Object.assign(new TypeError('The URL must be of scheme file'), { code: 'ERR_INVALID_URL_SCHEME' });
      path = host.globals.decodeURIComponent(path.pathname);
    }
    if (path instanceof Uint8Array) path = host.decode(path, 'utf-8', false, true);
    if (typeof path !== 'string') throw host.invalidArgument(name, 'of type string or an instance of Buffer or URL', path);
    if (path.includes('\0')) {
      throw Object.assign(new TypeError(`The argument '${name}' must be a string, Uint8Array, or URL without null bytes.`), { code: 'ERR_INVALID_ARG_VALUE' });
    }
    return path.toWellFormed();
  };

  // Bytes ---------------------------------------------------------------------------------------

  // What a file holds: a Uint8Array whose toString() gives text, as that of node's Buffer does.
  class Buffer extends Uint8Array {
    toString(encoding = 'utf8') { return decode(this, encoding); }
    toJSON() { return { type: 'Buffer', data: Array.from(this) }; }
  }
  const decode = (bytes, encoding) => {
    switch (String(encoding).toLowerCase()) {
      case 'utf8': case 'utf-8': return host.decode(bytes, 'utf-8', false, true);
      case 'utf16le': case 'utf-16le': case 'ucs2': case 'ucs-2': return host.decode(bytes, 'utf-16le', false, true);
      case 'latin1': case 'binary': case 'ascii': return text(bytes, encoding === 'ascii' ? 0x7f : 0xff);
      case 'hex': return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
      case 'base64': return host.globals.btoa(text(bytes, 0xff));
      case 'base64url': return host.globals.btoa(text(bytes, 0xff)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      default: throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), { code: 'ERR_UNKNOWN_ENCODING' });
    }
  };
  const text = (bytes, mask) => {
    let out = '';
    for (const byte of bytes) out += String.fromCharCode(byte & mask);
    return out;
  };
  const encode = (data, encoding = 'utf8') => {
    if (typeof data === 'string') {
      switch (String(encoding ?? 'utf8').toLowerCase()) {
        case 'utf8': case 'utf-8': return host.encode(data.toWellFormed());
        case 'latin1': case 'binary': case 'ascii': return Uint8Array.from(data, (char) => char.charCodeAt(0) & 0xff);
        case 'hex': return Uint8Array.from(data.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
        case 'base64': return Uint8Array.from(host.globals.atob(data), (char) => char.charCodeAt(0));
        default: throw Object.assign(new TypeError(`Unknown encoding: ${encoding}`), { code: 'ERR_UNKNOWN_ENCODING' });
      }
    }
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    throw host.invalidArgument('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
  };

  // Files ---------------------------------------------------------------------------------------

  const O = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 0o100, O_EXCL: 0o200, O_TRUNC: 0o1000, O_APPEND: 0o2000 };
  const flagsOf = (flag) => {
    if (typeof flag === 'number') return flag;
    const { O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = O;
    const write = O_WRONLY | O_CREAT;
    const update = O_RDWR | O_CREAT;
    const known = {
      r: 0, rs: 0, 'r+': O_RDWR, 'rs+': O_RDWR,
      w: write | O_TRUNC, wx: write | O_TRUNC | O_EXCL, 'w+': update | O_TRUNC, 'wx+': update | O_TRUNC | O_EXCL,
      a: write | O_APPEND, ax: write | O_APPEND | O_EXCL, 'a+': update | O_APPEND, 'ax+': update | O_APPEND | O_EXCL,
    };
    if (!Object.hasOwn(known, flag)) {
      throw Object.assign(new TypeError(`The argument 'flags' is invalid. Received '${flag}'`), { code: 'ERR_INVALID_ARG_VALUE' });
    }
    return known[flag];
  };
  const optionsOf = (options) => (typeof options === 'string' ? { encoding: options } : options ?? {});
  const open = (path, flag, mode) => check(host.fileOpen(path, flagsOf(flag), mode), 'open', path);
  const close = (fd) => check(host.fileClose(fd, 0), 'close');
  const withFile = (path, flag, mode, use) => {
    if (typeof path === 'number') return use(path);
    path = pathOf(path);
    const fd = open(path, flag, mode);
    try {
      return use(fd, path);
    } finally {
      host.fileClose(fd, 0);
    }
  };
  const writeAll = (fd, bytes) => {
    let written = 0;
    while (written < bytes.length) {
      const piece = bytes.subarray(written, written + 1048576);
      written += check(host.fileWrite(fd, new Uint8Array(piece)), 'write');
    }
    return written;
  };

  class Stats {
    constructor(found) {
      Object.assign(this, found, { uid: 65534, gid: 65534, rdev: 0, blksize: 4096, blocks: Math.ceil(found.size / 512) });
      this.birthtimeMs = found.ctimeMs;
      for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) this[name] = new Date(this[`${name}Ms`]);
    }
  }
  class Dirent {
    constructor(name, parentPath, kind) {
      this.name = name;
      this.parentPath = parentPath;
      Object.defineProperty(this, 'mode', { value: kind, enumerable: false });
    }
  }
  const kinds = { isFile: 0o100000, isDirectory: 0o040000, isSymbolicLink: 0o120000, isFIFO: 0o010000, isSocket: 0o140000, isCharacterDevice: 0o020000, isBlockDevice: 0o060000 };
  for (const [name, kind] of Object.entries(kinds)) {
    const method = { [name]() { return (this.mode & 0o170000) === kind; } }[name];
    for (const made of [Stats, Dirent]) Object.defineProperty(made.prototype, name, { value: method, writable: true, configurable: true });
  }

  const stat = (path, options, follows, syscall) => {
    path = pathOf(path);
    const answer = host.fileStat(path, follows);
    if (answer.errno === 2 && options?.throwIfNoEntry === false) return undefined;
    return new Stats(check(answer, syscall, path));
  };
  const isFolder = (path) => {
    const answer = host.fileStat(path, false);
    return !('errno' in answer) && (answer.value.mode & 0o170000) === 0o040000;
  };
  const below = (folder, name) => (folder.endsWith('/') ? folder + name : `${folder}/${name}`);
  const list = (path) => check(host.fileList(path, false), 'scandir', path).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const remove = (path) => {
    if (!isFolder(path)) return check(host.fileRemove(path, false), 'unlink', path);
    for (const [name] of list(path)) remove(below(path, name));
    return check(host.fileRmdir(path, false), 'rmdir', path);
  };
  const makeFolders = (path) => {
    const answer = host.fileMkdir(path, false);
    if (!('errno' in answer)) return path;
    if (answer.errno === 17 && !('errno' in host.fileStat(path, true))) {
      if ((host.fileStat(path, true).value.mode & 0o170000) === 0o040000) return undefined;
    }
    const parent = path.replace(/\/+[^/]*\/*$/, '');
    if (answer.errno !== 2 || parent === '' || parent === path) throw failure(answer, 'mkdir', path);
    const first = makeFolders(parent);
    check(host.fileMkdir(path, false), 'mkdir', path);
    return first ?? path;
  };
  const copy = (from, to) => withFile(from, 'r', 0o666, (source) => withFile(to, 'w', 0o666, (target) => {
    for (;;) {
      const bytes = check(host.fileRead(source, 1048576), 'read');
      if (bytes.length === 0) return;
      writeAll(target, bytes);
    }
  }));
  const time = (value) => (value instanceof Date ? value.getTime() : Number(value) * 1000);

  const sync = {
    readFile(path, options) {
      const { encoding, flag = 'r' } = optionsOf(options);
      return withFile(path, flag, 0o666, (fd) => {
        const pieces = [];
        let size = 0;
        for (;;) {
          const piece = check(host.fileRead(fd, 1048576), 'read');
          if (piece.length === 0) break;
          pieces.push(piece);
          size += piece.length;
        }
        const bytes = new Buffer(size);
        let at = 0;
        for (const piece of pieces) {
          bytes.set(piece, at);
          at += piece.length;
        }
        return encoding && encoding !== 'buffer' ? decode(bytes, encoding) : bytes;
      });
    },
    writeFile(path, data, options) {
      const { encoding, flag = 'w', mode = 0o666 } = optionsOf(options);
      const bytes = encode(data, encoding);
      withFile(path, flag, mode, (fd) => { writeAll(fd, bytes); });
    },
    appendFile(path, data, options) { sync.writeFile(path, data, { flag: 'a', ...optionsOf(options) }); },
    stat: (path, options) => stat(path, options, true, 'stat'),
    lstat: (path, options) => stat(path, options, false, 'lstat'),
    access(path, mode = 0) {
      path = pathOf(path);
      check(host.fileAccess(path, (mode & 2) !== 0), 'access', path);
    },
    readdir(path, options) {
      const { withFileTypes = false, recursive = false } = optionsOf(options);
      path = pathOf(path);
      const found = [];
      const visit = (folder, prefix) => {
        for (const [name, kind] of list(folder)) {
          found.push(withFileTypes ? new Dirent(name, folder, kind) : prefix + name);
          if (recursive && kind === 0o040000) visit(below(folder, name), `${prefix}${name}/`);
        }
      };
      visit(path, '');
      return found;
    },
    mkdir(path, options) {
      path = pathOf(path);
      if (options?.recursive) return makeFolders(path);
      return check(host.fileMkdir(path, false), 'mkdir', path);
    },
    mkdtemp(prefix) {
      prefix = pathOf(prefix, 'prefix');
      for (;;) {
        const name = prefix + Array.from({ length: 6 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
        const answer = host.fileMkdir(name, false);
        if (answer.errno !== 17) {
          check(answer, 'mkdtemp', name);
          return name;
        }
      }
    },
    rm(path, options) {
      path = pathOf(path);
      const answer = host.fileStat(path, false);
      if (answer.errno === 2 && options?.force) return;
      check(answer, 'rm', path);
      if (isFolder(path) && !options?.recursive) {
        throw Object.assign(new Error(`Path is a directory: rm returned EISDIR (is a directory) ${path}`), { code: 'ERR_FS_EISDIR' });
      }
      remove(path);
    },
    rmdir(path) {
      path = pathOf(path);
      check(host.fileRmdir(path, false), 'rmdir', path);
    },
    unlink(path) {
      path = pathOf(path);
      check(host.fileRemove(path, false), 'unlink', path);
    },
    rename(from, to) {
      from = pathOf(from, 'oldPath');
      to = pathOf(to, 'newPath');
      check(host.fileRename(from, to), 'rename', from, to);
    },
    copyFile(from, to) { copy(pathOf(from, 'src'), pathOf(to, 'dest')); },
    readlink(path) {
      path = pathOf(path);
      return host.decode(check(host.fileReadlink(path, false), 'readlink', path), 'utf-8', false, true);
    },
    truncate(path, size = 0) { withFile(path, 'r+', 0o666, (fd) => { check(host.fileTruncate(fd, size), 'ftruncate'); }); },
    chmod(path, mode) {
      path = pathOf(path);
      check(host.fileChmod(path, typeof mode === 'string' ? Number.parseInt(mode, 8) : mode), 'chmod', path);
    },
    utimes(path, accessed, modified) {
      path = pathOf(path);
      check(host.fileUtimes(path, time(accessed), time(modified)), 'utime', path);
    },
    open: (path, flag = 'r', mode = 0o666) => open(pathOf(path), flag, mode),
    close: (fd) => close(fd),
    fstat: (fd) => new Stats(check(host.fileFstat(fd, 0), 'fstat')),
    ftruncate(fd, size = 0) { check(host.fileTruncate(fd, size), 'ftruncate'); },
    read(fd, buffer, offset = 0, length = buffer.byteLength - offset, position = null) {
      if (position !== null && position !== undefined && position >= 0) check(host.fileSeek(fd, Number(position)), 'read');
      const bytes = check(host.fileRead(fd, length), 'read');
      encode(buffer).set(bytes, offset);
      return bytes.length;
    },
    write(fd, data, ...rest) {
      const bytes = typeof data === 'string' ? encode(data, rest[1])
        : encode(data).subarray(rest[0] ?? 0, (rest[0] ?? 0) + (rest[1] ?? data.byteLength));
      const position = typeof data === 'string' ? rest[0] : rest[2];
      if (typeof position === 'number') check(host.fileSeek(fd, position), 'write');
      return writeAll(fd, bytes);
    },
  };

  const fs = {};
  const promises = {};
  for (const [name, call] of Object.entries(sync)) {
    fs[`${name}Sync`] = { [`${name}Sync`]: (...args) => call(...args) }[`${name}Sync`];
    fs[name] = { [name](...args) {
      const callback = args.pop();
      if (typeof callback !== 'function') throw host.invalidArgument('cb', 'of type function', callback);
      let outcome;
      try {
        outcome = [null, call(...args)];
      } catch (error) {
        outcome = [error];
      }
      core.process.nextTick(callback, ...outcome);
    } }[name];
    if (!['open', 'close', 'fstat', 'ftruncate', 'read', 'write'].includes(name)) {
      promises[name] = { [name]: (...args) => new Promise((resolve) => { resolve(call(...args)); }) }[name];
    }
  }
  fs.existsSync = function existsSync(path) {
    try {
      return !('errno' in host.fileStat(pathOf(path), true));
    } catch {
      return false;
    }
  };
  fs.constants = promises.constants = Object.freeze({ F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1, ...O });
  fs.promises = promises;
  fs.Stats = Stats;
  fs.Dirent = Dirent;
  return { fs, promises, failure };
}
