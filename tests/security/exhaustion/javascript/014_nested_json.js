// A text of ten million brackets.
JSON.parse('['.repeat(10_000_000));
