// Spreads a generator without end.
[...(function* () { for (;;) yield 'x'.repeat(1000); })()];
