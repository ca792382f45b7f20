// A conversion that never comes to its end.
const thing = { [Symbol.toPrimitive]() { for (;;); } };
`${thing}`;
