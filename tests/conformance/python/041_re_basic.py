import re

text = "Contact: ada@example.com, bob.b@test.org; phone 555-1234 or 555-9876."
print(re.findall(r"[\w.]+@[\w.]+\.\w+", text), re.findall(r"(\d{3})-(\d{4})", text))
m = re.search(r"(?P<user>\w+)@(?P<host>[\w.]+)", text)
print(m.group(), m.group("user"), m.groups(), m.groupdict(), m.span(), m.start("host"))
print(re.sub(r"\d", "#", text), re.subn(r"5+", "5", text)[1])
print(re.sub(r"(\w+)@(\w+)", r"\2 at \1", "me@home"), re.sub(r"[aeiou]", lambda m: m.group().upper(), "vowels"))
print(re.split(r"[,;]\s*", "a, b;c"), re.split(r"(-)", "a-b-c", maxsplit=1))
print(re.match(r"\d+", "abc"), bool(re.fullmatch(r"[a-z]+", "abc")), re.match("a", "abc"))
pattern = re.compile(r"^(\w+)\s*=\s*(.*)$", re.MULTILINE | re.IGNORECASE)
print([m.groups() for m in pattern.finditer("a = 1\nb=2\n# no")], pattern.flags & re.M == re.M)
print(re.findall(r"(?<=\$)\d+", "$5 €6 $70"), re.findall(r"\b\w{4}\b", "this is some text"), re.findall(r"a(?!b)", "ab ac"))
print(re.findall(r"<.+?>", "<a><b>"), re.findall(r"(?:ab)+", "ababxab"), re.search(r"(a)|(b)", "b").groups())
print(re.escape("a.b*c"), re.findall(r"(?i)HELLO", "Hello hello"), re.findall(r"\w+", "naïve café"))
print(re.sub(r"""
    (\d+)   # number
    \s* px  # unit
""", r"\1em", "12 px", flags=re.VERBOSE))
print(re.findall(r"(\w)\1", "aabbcd"), re.search(r"x*", "aaa").span(), re.findall("", "ab"))
try:
    re.compile("(unclosed")
except re.error as error:
    print(error)
print(re.match(r"(?P<y>\d{4})-(?P<m>\d\d)", "2024-05").expand(r"\g<m>/\g<y>"))
