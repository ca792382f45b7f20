# Reads memory by address: id(), ctypes casts, buffers, memoryview.
import array

print("ATTEMPTED")
address = id("x")
buffer = array.array("B", [0] * 16)
view = memoryview(buffer)
for call in (
    lambda: view[16:32].tolist(),
    lambda: view.cast("Q")[100],
    lambda: view.__getitem__(1 << 62),
    lambda: buffer.buffer_info(),
    lambda: array.array("B", [1]).frombytes(view[5:1]),
    lambda: memoryview(view, address),
    lambda: bytes(address) if address < 1000 else None,
    lambda: array.array("Q").fromfile(None, 1),
):
    try:
        call()
    except Exception as error:
        print(type(error).__name__)
view2 = memoryview(bytearray(8))
del buffer, view
print(view2.tolist())
