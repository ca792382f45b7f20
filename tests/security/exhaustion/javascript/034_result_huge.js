// A result whose text is huge.
// expect: ok limit error
Array.from({ length: 100 }, () => 'x'.repeat(100_000));
