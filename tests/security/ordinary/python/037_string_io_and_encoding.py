# Streams in memory, encodings, unicode.
import io
import unicodedata

stream = io.BytesIO()
text = io.TextIOWrapper(stream, encoding="utf-16-le", newline="")
text.write("héllo\n☃")
text.flush()
print(stream.getvalue()[:6], "ß".upper(), "İ".lower().encode(), unicodedata.name("☃"), unicodedata.normalize("NFD", "é").encode("ascii", "ignore"))
print("naïve".encode("latin-1"), b"\xff".decode("utf-8", "replace"), "x".join(["a", "b"]), "tab\tx".expandtabs(4), "Straße".casefold())
