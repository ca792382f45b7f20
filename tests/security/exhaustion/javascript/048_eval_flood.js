// Functions and code without end.
const kept = [];
for (let i = 0; ; i++) kept.push(new Function(`return ${i} + ${'1+'.repeat(1000)}1`));
