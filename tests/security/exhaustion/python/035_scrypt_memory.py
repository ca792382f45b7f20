# A derivation of a key that wants gigabytes.
import hashlib

try:
    hashlib.scrypt(b"x", salt=b"y", n=2**22, r=32, p=4, maxmem=2**40)
except (ValueError, AttributeError, OSError):
    data = b"x" * 10_000_000
    while True:
        hashlib.sha512(data)
