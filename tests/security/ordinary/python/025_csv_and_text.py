# CSV in memory, text wrapping and templates.
import csv
import io
import string
import textwrap

out = io.StringIO()
writer = csv.DictWriter(out, ["name", "n"])
writer.writeheader()
writer.writerows([{"name": "a,b", "n": 1}, {"name": 'q"x', "n": 2}])
print(out.getvalue().splitlines(), [row["name"] for row in csv.DictReader(io.StringIO(out.getvalue()))])
print(textwrap.fill("the quick brown fox jumps over", 12), string.Template("$who is $what").substitute(who="he", what="it"), textwrap.dedent("  a\n  b"))
