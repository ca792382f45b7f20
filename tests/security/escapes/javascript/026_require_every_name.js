// require of everything that node has, with and without its prefix, and of files.
console.log('ATTEMPTED');
const names = ['fs', 'fs/promises', 'child_process', 'net', 'http', 'https', 'dgram', 'dns', 'tls', 'os', 'vm', 'v8', 'cluster', 'worker_threads', 'inspector', 'repl', 'module', 'process', 'sqlite', 'wasi', 'test', 'crypto', 'zlib', 'stream', 'path', 'readline', 'tty', 'async_hooks', 'diagnostics_channel', 'perf_hooks', 'trace_events', 'util', 'events', 'assert', 'timers', 'url', 'console', 'std', 'bjson', '/etc/passwd', '@SECRET_PATH@', '..', './x', '/proc/self/environ', ''];
for (const name of names) for (const full of [name, `node:${name}`]) {
  try { const module = require(full); reach((wanted) => (wanted.replace('node:', '') === name ? module : undefined), module); } catch (error) { console.log(full, error.name); }
}
for (const way of ['cache', 'main', 'resolve', 'extensions', 'constructor']) { try { reach(require[way], require[way]('fs')); } catch (error) { console.log(way, error.name); } }
