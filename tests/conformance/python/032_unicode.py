import unicodedata

s = "naïve café ☕ 日本語 𝒳"
print(len(s), s.upper(), s[::-1], s.split())
print([unicodedata.name(c) for c in "é☕日"])
print(unicodedata.normalize("NFD", "é") == "e\u0301", len(unicodedata.normalize("NFC", "e\u0301")))
print(unicodedata.category("A"), unicodedata.category("1"), unicodedata.category(" "), unicodedata.digit("५"))
print("٣".isdigit(), int("٣"), "Ⅷ".isnumeric(), "½".isdecimal(), unicodedata.numeric("½"))
print("straße".upper(), "ΑΣ".lower(), "ﬁ".casefold(), "Å" == "\u00c5")
print(sorted(["é", "e", "z", "a", "É"]), "é" > "z")
print(repr("\u200b\x7f\n\t'\"é\U0001f600"), "\U0001f600", len("👨‍👩‍👧"))
print("日本".center(6, "*"), "%5s|" % "é", f"{'日':>3}|")
ünï = "identifiers"
print(ünï, "ünï".isidentifier())
print("a\u0301".encode(), "\ud800".encode("utf-8", "surrogatepass"))
