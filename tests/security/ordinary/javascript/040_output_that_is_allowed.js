// Three thousand lines of output.
for (let n = 0; n < 3000; n++) console.log(n, 'line of some length');
