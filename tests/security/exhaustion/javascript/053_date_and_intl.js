// Native formatting in a loop.
for (;;) { new Date(8.64e15).toLocaleString(); (1e21).toLocaleString(); 'x'.normalize('NFKD').localeCompare('y'); }
