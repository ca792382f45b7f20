class Config {
  static defaults = { a: 1 };
  static #secret;
  static { this.#secret = Object.keys(this.defaults).length; Config.ready = true; }
  static secret() { return this.#secret; }
  static async *stream() { yield 1; }
  'quoted method'() { return 'q'; }
  ['comp' + 'uted']() { return 'c'; }
  accessor = 5;
}
const c = new Config();
console.log(Config.secret(), Config.ready, c['quoted method'](), c.computed(), c);
console.log(Object.getOwnPropertyNames(Config.prototype), Config);
