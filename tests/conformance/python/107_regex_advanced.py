import re

log = """2024-05-01 ERROR [db] connection lost
2024-05-01 INFO [web] started
2024-05-02 ERROR [web] timeout after 30s"""
pattern = re.compile(r"^(?P<date>\S+)\s+(?P<level>[A-Z]+)\s+\[(?P<module>\w+)\]\s+(?P<message>.*)$", re.M)
for match in pattern.finditer(log):
    print(match.groupdict())
print([m["module"] for m in pattern.finditer(log) if m["level"] == "ERROR"])
print(re.sub(r"(?P<a>\w)(?P<b>\w)", r"\g<b>\g<a>", "abcd"), re.sub(r"\s+", " ", " a \n\t b "), re.sub("x", r"\\n", "axb"))
print(re.findall(r"(?s)<b>(.*?)</b>", "<b>one\ntwo</b><b>3</b>"), re.findall(r"^\w+", "a b\nc d", re.M), re.findall(r"\w+$", "a b\nc d", re.M))
print(re.split(r"(?<=[.!?])\s+", "One. Two! Three? Four"), re.split(r"\W+", "a,b;c"), re.split("(?=[A-Z])", "camelCaseWord"))
print(re.match(r"(a+)(b*)(c?)", "aab").groups(), re.match(r"(?:(a)|b)*", "ab").groups(), re.match(r"(x)?y", "y").groups("default"))
print(re.search(r"(?<![\w.])\d+(?![\w.])", "v1.2 33 x4").group(), re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", "10.0.0.255") is not None)
print(re.findall(r"\b(\w+)\s+\1\b", "this is is a test test"), re.sub(r"(?i)\bcat\b", "dog", "Cat cats CAT"), re.findall(r"[^\W\d_]+", "ab1_c"))
print(re.findall(r"a{2,3}?", "aaaaa"), re.findall(r"a{2,3}", "aaaaa"), re.findall(r"(?x) a  b # comment", "ab"), re.findall(r"[\]\-a]", "]-ab"))
print(re.sub(r"(\d+)", lambda m: str(int(m[1]) * 2), "a1b22"), re.subn("a", "b", "aaa", count=2), re.purge())
m = re.compile(r"(\w+) (\w+)").match("hello world again")
print(m.span(2), m.start(), m.end(), m.lastindex, m.re.pattern, m.string, m.pos, m.expand(r"\2-\1"), m[0], m.group(1, 2))
print(re.compile("b").search("abcb", 2).start(), re.compile("a|b").findall("cab"), re.compile(r"(?P<n>\d)").groupindex, bool(re.search(r"\A\d+\Z", "12\n")))
scanner = re.Scanner([(r"\d+", lambda s, t: int(t)), (r"[+*]", lambda s, t: t), (r"\s+", None)])
print(scanner.scan("1 + 22*3"))
print(re.findall(r"[\u00e0-\u00ff]+", "aéèz"), re.search("ß", "STRASSE ß".lower()).start(), re.findall(r"(?a)\w+", "né"), re.match(r"(?i:A)b", "ab"))
