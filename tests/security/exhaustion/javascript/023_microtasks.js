// Jobs that are queued without end.
// expect: limit error died ok
const again = () => queueMicrotask(again);
again();
