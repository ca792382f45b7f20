// Dates in UTC.
const date = new Date(Date.UTC(2024, 1, 29, 12, 30));
console.log(date.toISOString(), date.getTime(), new Date('2024-03-01T00:00:00Z') - date, date.getUTCDay(), JSON.stringify(date), new Date(NaN).getTime());
