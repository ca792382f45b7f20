import binascii
import email
import quopri
from email.message import EmailMessage
from email.utils import formataddr, parseaddr

m = EmailMessage()
m["Subject"] = "Test"
m["From"] = "ada@example.com"
m["To"] = "bob@example.com"
m.set_content("Hello there\n")
print(m.as_string())
parsed = email.message_from_string("Subject: Hi\nX-A: 1\nX-A: 2\n\nBody text")
print(parsed["subject"], parsed.get_all("x-a"), parsed.get_payload(), parsed.get_content_type())
print(parseaddr("Ada L <ada@x.org>"), formataddr(("Bob", "b@x.org")))
print(quopri.encodestring("café=1".encode()), quopri.decodestring(b"caf=C3=A9"))
print(binascii.hexlify(b"abc"), binascii.unhexlify("616263"), binascii.crc32(b"x"), binascii.b2a_base64(b"hi"))
try:
    binascii.unhexlify("abc")
except binascii.Error as error:
    print(error)
