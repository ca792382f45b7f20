import codecs

print(codecs.encode("hello", "rot13"), codecs.decode(b"6869", "hex"), codecs.lookup("utf8").name, codecs.BOM_UTF8)
print("a\tb\\n\x41\u00e9\101\N{BULLET}", r"raw\n", b"\x00\xff\n", "line \
continued", 'single "double"', "it's", '''triple "quoted" 'text' ''')
print(repr("tab\t nl\n cr\r bs\\ q' dq\""), repr("both ' and \""), repr("\x00\x1b\x7f\x80\xa0\xad"), repr("\ue000\uffff"))
print("é".encode("utf-16"), "é".encode("utf-32-be"), "é".encode("cp1252"), b"\xe9".decode("cp1252"), "ж".encode("koi8-r"), "日".encode("shift_jis"))
d = codecs.getincrementaldecoder("utf-8")()
print(repr(d.decode(b"\xe2\x98")), d.decode(b"\x83"))
codecs.register_error("stars", lambda error: ("*" * (error.end - error.start), error.end))
print("aéb☃".encode("ascii", "stars"), "x\\ty".encode().decode("unicode_escape"), "é".encode("unicode_escape"))
print(str(b"abc", "ascii"), "ü".encode("idna"), "bücher".encode("punycode"), "\ufeffx".encode("utf-8-sig")[:3])
for name in ("nope-codec",):
    try:
        "x".encode(name)
    except LookupError as error:
        print(error)
