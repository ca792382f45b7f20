import csv
import io

text = 'name,qty,note\npen,3,"blue, fine"\n"big ""box""",1,\n'
for row in csv.reader(io.StringIO(text)):
    print(row)
for row in csv.DictReader(io.StringIO(text)):
    print(dict(row))
out = io.StringIO()
writer = csv.writer(out)
writer.writerow(["a", 1, None, 2.5])
writer.writerows([["x,y", 'q"q', "line\nbreak"], []])
print(repr(out.getvalue()))
out = io.StringIO()
d = csv.DictWriter(out, fieldnames=["a", "b"], extrasaction="ignore", lineterminator="\n", delimiter=";")
d.writeheader()
d.writerow({"a": 1, "b": 2, "c": 3})
print(out.getvalue())
print(list(csv.reader(["a|b|'c|d'"], delimiter="|", quotechar="'")), sorted(csv.list_dialects()))
out = io.StringIO()
csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerow(["a", 1, "b"])
print(out.getvalue().strip(), csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter)
s = io.StringIO("line one\nline two\nend")
print(s.readline(), s.read(4), s.tell(), s.readlines(), s.seek(0), list(s))
b = io.BytesIO(b"\x00\x01\x02\x03")
print(b.read(2), b.seek(-1, io.SEEK_END), b.read(), b.getvalue(), b.write(b"zz"), b.getbuffer().nbytes)
t = io.TextIOWrapper(io.BytesIO("é\r\nx".encode()), encoding="utf-8")
print(t.readlines(), t.encoding)
