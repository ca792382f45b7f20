// Every global of a browser or of node that could connect.
console.log('ATTEMPTED');
const attempts = {
  fetch: () => fetch('http://127.0.0.1:@TCP_PORT@/'), XMLHttpRequest: () => { const r = new XMLHttpRequest(); r.open('GET', 'http://127.0.0.1:@TCP_PORT@/'); r.send(); },
  WebSocket: () => new WebSocket('ws://127.0.0.1:@TCP_PORT@/'), EventSource: () => new EventSource('http://127.0.0.1:@TCP_PORT@/'), WebTransport: () => new WebTransport('https://127.0.0.1:@TCP_PORT@/'),
  sendBeacon: () => navigator.sendBeacon('http://127.0.0.1:@TCP_PORT@/', 'x'), importScripts: () => importScripts('http://127.0.0.1:@TCP_PORT@/x.js'), Worker: () => new Worker('data:,'), SharedWorker: () => new SharedWorker('data:,'),
  Deno: () => Deno.connect({ port: Number('@TCP_PORT@') }), Bun: () => Bun.connect({ hostname: '127.0.0.1', port: Number('@TCP_PORT@') }), WebAssembly: () => WebAssembly.compileStreaming(fetch('http://127.0.0.1:@TCP_PORT@/')), Image: () => { new Image().src = 'http://127.0.0.1:@TCP_PORT@/'; },
  RTCPeerConnection: () => new RTCPeerConnection(), BroadcastChannel: () => new BroadcastChannel('x'), open: () => open('http://127.0.0.1:@TCP_PORT@/'),
};
for (const [name, attempt] of Object.entries(attempts)) { try { const got = attempt(); got?.catch?.(() => {}); console.log(name, typeof got); } catch (error) { console.log(name, error.name); } }
