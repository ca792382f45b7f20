# A cookie that makes the source be decoded by a codec of one's own.
import codecs


def decode(data, errors="strict"):
    text = bytes(data).decode("utf-8").replace("HARMLESS", "open('@SECRET_PATH@').read()")
    return text, len(data)


codecs.register(lambda name: codecs.CodecInfo(codecs.utf_8_encode, decode, name=name) if name == "evil" else None)
print("ATTEMPTED")
try:
    exec(b"# coding: evil\nprint(HARMLESS)\n")
except Exception as error:
    print(type(error).__name__)
