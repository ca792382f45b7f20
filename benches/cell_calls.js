// A call of a tool from a cell and back, in JavaScript.
// companion run benches/cell_calls.js

const companion = require('companion');

const measure = (name, call, rounds = 300) => {
  for (let i = 0; i < 20; i++) call();
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    call();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  console.log(`${name.padEnd(44)} median ${times[rounds / 2].toFixed(3).padStart(7)} ms   min ${times[0].toFixed(3).padStart(7)} ms`);
};

const dots = companion.Image.fromPixels(2, 1, new Uint8Array([255, 0, 0, 255, 0, 255, 0, 255]));
measure('JavaScript: tool_search, one tool', () => companion.tool_search({ words: 'imagine', limit: 1 }));
measure('JavaScript: image_info, a result that is known', () => companion.image_info(dots.handle));
