const d = new Date(Date.UTC(2024, 1, 29, 23, 59, 58, 7));
console.log(d.toISOString(), d.getTime(), d.getUTCDay(), d.toJSON(), JSON.stringify({ d }));
d.setUTCDate(d.getUTCDate() + 1); console.log(d.toISOString());
console.log(new Date('2020-01-01').getTime(), new Date('2020-01-01T00:00:00Z').getTime(), Date.parse('2020-06-15T12:00:00+02:00'));
console.log(new Date(NaN).getTime(), String(new Date(NaN)), new Date(NaN)); try { new Date(NaN).toISOString(); } catch (e) { console.log(e.name); }
console.log(new Date(2 ** 53).getTime(), new Date(8.64e15).toISOString(), new Date(-1).toISOString());
console.log(new Date(0).toUTCString(), new Date(86400000) - new Date(0), typeof Date.now(), d);
