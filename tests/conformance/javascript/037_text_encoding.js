const bytes = new TextEncoder().encode('héllo €😀'); console.log(bytes, bytes.length, new TextDecoder().decode(bytes));
console.log(new TextDecoder().decode(new Uint8Array([0xff, 0x41, 0xe2, 0x82])), new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 65])).length, new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 65])).length);
try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff])); } catch (e) { console.log(e.name, e.code); } try { new TextDecoder('bogus'); } catch (e) { console.log(e.name); }
console.log(new TextDecoder('utf-16le').decode(new Uint8Array([104, 0, 105, 0])), new TextDecoder('latin1').encoding, new TextEncoder().encoding, new TextEncoder().encodeInto('a€', new Uint8Array(3)));
const d = new TextDecoder(); console.log(d.decode(bytes.slice(0, 2), { stream: true }) + d.decode(bytes.slice(2)));
console.log(btoa('hello'), atob('aGVsbG8='), btoa('\xff'), encodeURIComponent('a b&ü/'), decodeURIComponent('%C3%BC'), encodeURI('http://x/ü?a=b c'), escape('ü'), unescape('%FC')); try { btoa('€'); } catch (e) { console.log(e.name); }
