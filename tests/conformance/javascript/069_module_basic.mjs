import util, { inspect as show } from 'node:util';
import * as events from 'events';
export const exported = 1; export default function main() {} export class K {}
const v = await Promise.resolve('top-level await'); console.log(v, typeof util.format, show([1]), typeof events.EventEmitter, typeof import.meta, this, typeof require);
try { undeclared = 1; } catch (e) { console.log(e.name); } const lazy = await import('data:text/javascript,export const z = 3; export default 4'); console.log(lazy.z, lazy.default, lazy); for await (const x of [1, Promise.resolve(2)]) console.log(x); console.log(await Promise.all([1, 2].map(async (x) => x * 2)));
