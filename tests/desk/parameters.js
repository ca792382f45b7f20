const { call, tool } = require('companion');

const tried = (function_, args, options) => {
  try {
    tool(function_, options);
    console.log(JSON.stringify(call(options?.name ?? function_.name, args)));
  } catch (error) {
    console.log(error.message);
  }
};

/** @param {string} a t  @param {string} [sep=","] s */
function joiner(a, sep = ",") { return [a, sep]; }
tried(joiner, { a: 'q' });
tried(joiner, { a: 'q', sep: '=' });
/** @param {number} a */
function scale(a, xs = [1, 2], { b, c } = { b: '(', c: `),${'{'}` } /* , d */) { return [a, xs.length]; }
tried(scale, { a: 2 });
/**
 * @param {number} a
 */
function partly(a, b) { return [a, b]; }
tried(partly, { a: 1 });
/**
 * @param {number[]} [xs=[1, 2]] some, of which
 * @param {string} [sep="="]
 * @param {string} [end="]"]
 */
const spread = (xs, sep, end) => [xs, sep, end];
tried(spread, {});
/**
 * @param {object} options
 * @param {number} options.w
 * @param {number} [options.h=2]
 */
function whole(options) { return options; }
tried(whole, { w: 1 });
/**
 * @param {number} w
 * @param {number} [h]
 */
function apart({ w, h = 3 }) { return w * h; }
tried(apart, { w: 2 });
/**
 * @param {number} w
 * @param {number[]} rest
 */
function more(w, ...rest) { return [w, rest]; }
tried(more, { w: 1, rest: [2, 3] });
/**
 * @param {(string|number)[]} some
 * @param {Record<string, number|string>} [each]
 */
function unions(some, each) { return [some, each]; }
tried(unions, { some: ['a', 1], each: { b: 2 } });
/** @param {number[]} pair */
function pairs([a, b]) { return a + b; }
tried(pairs, { pair: [1, 2] });
const inputSchema = { type: 'object', properties: { w: { type: 'number' }, h: { type: 'number' } } };
tried((args) => args, { w: 1 }, { name: 'given', inputSchema });
tried((h, w = 5) => [h, w], { h: 1 }, { name: 'given', inputSchema });
tried((x, y) => [x, y], { w: 1 }, { name: 'given', inputSchema });
tried({ run({ w }) { return w; } }.run, { w: 1 }, { name: 'given', inputSchema });
tried(((a) => a).bind(null), { w: 1 }, { name: 'given', inputSchema });
