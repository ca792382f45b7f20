// Stands before every program of escapes/javascript: reach() tries every door with what a route
// has found, be it a global object, a process, a require or a Function. Nothing that it does could
// do harm if a door were open. A program under --json runs as a cell, without a require of its own.
var require = globalThis.require ?? globalThis[Symbol.for('companion.require')];
function reach(...found) {
  console.log('ATTEMPTED');
  const door = (open) => { try { const got = open(); if (got !== undefined) console.log(String(got)); } catch { /* closed */ } };
  const modules = (load) => {
    for (const prefix of ['', 'node:']) {
      door(() => load(`${prefix}fs`).readFileSync('@SECRET_PATH@', 'utf8'));
      door(() => load(`${prefix}fs`).appendFileSync('@TARGET_DIR@/.bashrc', 'touch me\n'));
      door(() => load(`${prefix}fs`).readdirSync('@TARGET_DIR@')[0] && 'ESCAPED: a folder was listed');
      door(() => load(`${prefix}child_process`).execSync('cat @SECRET_PATH@'));
      door(() => load(`${prefix}child_process`).execSync('touch @TARGET_DIR@/made'));
      door(() => load(`${prefix}net`).connect(Number('@TCP_PORT@'), '127.0.0.1') && undefined);
      door(() => load(`${prefix}dgram`).createSocket('udp4').send('touch', Number('@UDP_PORT@'), '127.0.0.1') && undefined);
      door(() => load(`${prefix}http`).get('http://127.0.0.1:@TCP_PORT@/') && undefined);
      door(() => load(`${prefix}os`).userInfo().homedir && 'ESCAPED: the user was told');
      door(() => load(`${prefix}process`).env['@VARIABLE@']);
      door(() => load(`${prefix}worker_threads`).Worker && 'ESCAPED: threads');
      door(() => load(`${prefix}vm`).runInThisContext('1') && 'ESCAPED: vm');
    }
    // What QuickJS has on its own command line.
    door(() => load('std').loadFile('@SECRET_PATH@'));
    door(() => load('std').getenv('@VARIABLE@'));
    door(() => load('os').exec(['touch', '@TARGET_DIR@/made']) && undefined);
    door(() => load('std').popen('cat @SECRET_PATH@', 'r').readAsString());
  };
  const process_ = (process) => {
    door(() => process.env['@VARIABLE@']);
    door(() => (process.env.PATH || process.env.HOME || process.env.CARGO ? 'ESCAPED: an environment' : undefined));
    door(() => process.kill(Number('@FOREIGN_PID@'), 'SIGKILL') && 'ESCAPED: a signal was sent');
    door(() => process.binding('fs') && 'ESCAPED: a binding');
    door(() => process.dlopen({ exports: {} }, '/lib/x86_64-linux-gnu/libc.so.6') && undefined);
    for (const load of [() => process.mainModule.require, () => process.getBuiltinModule, () => process.mainModule.constructor._load]) {
      door(() => modules(load()));
    }
  };
  for (const thing of found) {
    door(() => typeof thing === 'function' && modules(thing) && undefined);
    door(() => process_(thing));
    door(() => process_(thing.process));
    door(() => modules(thing.require));
    door(() => process_(thing('return process')()));
    door(() => modules(thing('return require')()));
    door(() => process_(thing.constructor.constructor('return process')()));
    door(() => modules((name) => thing[name]));
    door(() => thing.fetch('http://127.0.0.1:@TCP_PORT@/') && undefined);
    door(() => new thing.WebSocket('ws://127.0.0.1:@TCP_PORT@/') && undefined);
    door(() => { const request = new thing.XMLHttpRequest(); request.open('GET', 'http://127.0.0.1:@TCP_PORT@/', false); request.send(); });
    door(() => thing.std.loadFile('@SECRET_PATH@'));
    door(() => thing.os.exec(['touch', '@TARGET_DIR@/made']) && undefined);
  }
}

