// Catches whatever comes, without end.
for (;;) { try { for (;;); } catch { /* go on */ } finally { continue; } }
