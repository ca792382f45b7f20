# A table that grows without end.
awk 'BEGIN { while (1) a[n++] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" n }'
