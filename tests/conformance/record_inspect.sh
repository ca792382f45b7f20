#!/bin/sh
# Records what node's util.inspect shows for every expression of inspect_cases.txt, in place.
# Expressions are the lines that begin with "> "; node is needed to record and for nothing else.
set -eu
cd "$(dirname "$0")/../../src/kernel/javascript"
node - inspect_cases.txt <<'EOF'
const fs = require('fs');
const util = require('util');
const file = process.argv[2];
const lines = fs.readFileSync(file, 'utf8').split('\n');
const out = [];
for (const line of lines) {
  if (line.startsWith('#')) out.push(line);
  if (!line.startsWith('> ')) continue;
  const value = (0, eval)(`(${line.slice(2)})`);
  const text = util.inspect(value, { showProxy: true });
  out.push(line, ...text.split('\n').map((row) => `| ${row}`));
}
fs.writeFileSync(file, `${out.join('\n')}\n`);
EOF
