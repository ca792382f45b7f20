// A number of a billion bits.
2n ** 1_000_000_000n;
