import base64
import hashlib
import hmac
import secrets
import zlib

for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b"):
    print(name, hashlib.new(name, b"hello").hexdigest()[:40])
h = hashlib.sha256()
h.update(b"hel")
h.update(b"lo")
print(h.hexdigest() == hashlib.sha256(b"hello").hexdigest(), h.digest_size, h.block_size, h.name)
print(hmac.new(b"key", b"message", hashlib.sha256).hexdigest(), hmac.compare_digest("a", "a"))
print(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex()[:32], hashlib.blake2s(b"x", digest_size=8).hexdigest())
print(base64.b64encode(b"hello world"), base64.b64decode("aGVsbG8="), base64.urlsafe_b64encode(b"\xfb\xff"), base64.b32encode(b"hi"), base64.b16encode(b"hi"))
print(base64.b85encode(b"hello"), base64.a85encode(b"hello"), base64.b64decode(base64.encodebytes(b"x" * 60)) == b"x" * 60)
try:
    base64.b64decode("abc", validate=True)
except Exception as error:
    print(type(error).__name__)
print(len(secrets.token_hex(8)), len(secrets.token_bytes(5)), secrets.choice([1]) == 1, secrets.compare_digest(b"a", b"b"))
print(zlib.crc32(b"hello"), zlib.adler32(b"hello"), zlib.decompress(zlib.compress(b"a" * 1000)) == b"a" * 1000)
