// A recursion of a few thousand levels, and one that is caught.
const depth = (n) => (n === 0 ? 0 : 1 + depth(n - 1));
console.log(depth(1500));
try { depth(1e7); } catch (error) { console.log(error.name); }
console.log(depth(100));
