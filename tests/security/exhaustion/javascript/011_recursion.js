// A recursion without end.
const fall = (n) => fall(n + 1) + 1;
fall(0);
