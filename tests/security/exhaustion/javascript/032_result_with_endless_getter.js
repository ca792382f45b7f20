// A result whose getter does not end, and whose inspection does not end.
({ get x() { for (;;); }, [Symbol.for('nodejs.util.inspect.custom')]() { for (;;); } });
