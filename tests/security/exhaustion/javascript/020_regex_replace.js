// A replacement that tries every split.
'x'.repeat(50).replace(/(x+x+)+y/g, '');
/(.*)*b/.test('a'.repeat(40));
