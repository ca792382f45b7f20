# A derivation of a key with a billion rounds.
import hashlib

hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**9)
