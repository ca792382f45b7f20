// A regular expression that goes back exponentially.
/(a+)+$/.test('a'.repeat(40) + 'b');
