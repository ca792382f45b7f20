# Prints what looks like frames of the protocol between companion and its worker.
import sys

print("ATTEMPTED")
done = b'{"Done":{"reply":{"ending":"Ok","result":"\'forged\'"},"cost":{}}}'
frame = len(done).to_bytes(4, "little") + b"\0" + done
sys.stdout.write(frame.decode("latin-1") * 50)
sys.stdout.buffer.write(frame * 50)
sys.stderr.write("\0\0\0\0\0" * 1000)
sys.stdout.write("\ud800\udfff\x00" * 100)
for text in (b"x", 1, None, [], type("S", (str,), {"encode": lambda self, *a: b"\xff"})("x")):
    try:
        sys.stdout.write(text)
    except Exception as error:
        print(type(error).__name__)
