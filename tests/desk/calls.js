import companion, { call, tool, Image, ToolError, CodeExecutor } from 'companion';

console.log(companion.run_python('1 + 2').result, (await companion.run_python({ code: '2 ** 10' })).result);
try {
  companion.imagine('x', { widht: 3 });
} catch (error) {
  console.log(error instanceof ToolError, error.kind, error.violations.length);
}
try { call('imagin', { prompt: 'x' }); } catch (error) { console.log(error.message); }
try { companion.read_file('secret.txt'); } catch (error) { console.log(error.kind); }

const dots = Image.fromPixels(2, 1, new Uint8Array([255, 0, 0, 255, 0, 255, 0, 255]));
console.log(dots.mirror().pixels().join(), dots.width, dots.resize({ width: 4 }).height);
console.log(dots.compare(dots.invert()).max, dots);

/**
 * Adds two numbers.
 * @param {number} a - the first
 * @param {number} [b=2] - the second
 */
function add(a, b) { return a + b; }
tool(add);
console.log(call('add', { a: 5 }), add(1, 2));
try { call('add', { a: 'x', c: 1 }); } catch (error) { console.log(error.violations.map((one) => one.path || '(root)').join()); }
tool({
  name: 'area',
  description: 'width times height',
  inputSchema: { type: 'object', properties: { w: { type: 'number' }, h: { type: 'number' } }, required: ['w', 'h'] },
  run: async ({ w, h }) => w * h,
});
console.log(await call('area', { w: 3, h: 4 }));
try { tool(function bare(x) { return x; }); } catch (error) { console.log(error.message); }
try { tool({ name: 'imagine', inputSchema: { type: 'object' }, run() {} }); } catch (error) { console.log(error.message); }
const execution = new CodeExecutor().executePython('print(55)\n1/0');
console.log(JSON.stringify(execution.output), execution.success, /ZeroDivisionError/.test(execution.error));
