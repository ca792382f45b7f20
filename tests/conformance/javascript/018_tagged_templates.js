const tag = (s, ...v) => ({ strings: [...s], raw: s.raw, values: v });
console.log(tag`a${1}b\n${'x'}c`);
const html = (s, ...v) => s.reduce((out, part, i) => out + part + (i < v.length ? String(v[i]).replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`) : ''), '');
console.log(html`<p>${'<script>'}</p>`, String.raw`C:\new\${1}`);
const same = (s) => s; const get = () => same`x`; console.log(get() === get());
console.log(`multi
line ${`nested ${1 + 1}`}`);
