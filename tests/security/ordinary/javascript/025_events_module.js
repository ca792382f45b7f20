// An event emitter.
const EventEmitter = require('events');
const bus = new EventEmitter();
bus.once('a', (x) => console.log('once', x));
bus.on('a', (x) => console.log('on', x));
bus.emit('a', 1); bus.emit('a', 2);
console.log(bus.listenerCount('a'), bus.emit('nobody'));
