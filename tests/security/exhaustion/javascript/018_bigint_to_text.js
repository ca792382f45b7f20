// A number whose digits take for ever.
(7n ** 3_000_000n).toString();
