// The same, and the cell has ended already.
// expect: limit error died ok
const more = () => Promise.resolve().then(more);
more();
