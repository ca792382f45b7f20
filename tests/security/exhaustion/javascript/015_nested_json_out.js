// An object that is a million deep.
let deep = [];
for (let i = 0; i < 1_000_000; i++) deep = [deep];
JSON.stringify(deep);
