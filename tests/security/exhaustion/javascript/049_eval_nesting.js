// Source code that is nested deeper than a parser's stack.
for (const text of ['('.repeat(1_000_000), '['.repeat(1_000_000), '!'.repeat(5_000_000) + '1', 'x=>'.repeat(500_000) + '1', '-'.repeat(5_000_000)]) { try { (0, eval)(text); } catch { /* refused */ } }
(0, eval)('{'.repeat(3_000_000));
