// A recursion that catches its own end and goes on.
const fall = () => { try { fall(); } catch { fall(); } };
fall();
