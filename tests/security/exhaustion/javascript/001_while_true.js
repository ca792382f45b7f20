// The plainest loop.
// fuel: 100000
// expect: limit
while (true);
