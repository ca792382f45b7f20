// A result that shows more the longer one looks.
// expect: ok limit error died
const endless = new Proxy({}, { ownKeys: () => Array.from({ length: 1000 }, (_, i) => `k${i}`), getOwnPropertyDescriptor: () => ({ value: endless, enumerable: true, configurable: true }), get: () => endless });
endless;
