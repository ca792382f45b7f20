import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib

data = b"some data to compress " * 50
for module in (zlib, gzip, bz2, lzma):
    packed = module.compress(data)
    print(module.__name__, len(packed) < len(data), module.decompress(packed) == data)
c = zlib.compressobj(9)
print(len(c.compress(data) + c.flush()) > 0, zlib.decompressobj().decompress(zlib.compress(b"x")))
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a.txt", "hello")
    archive.writestr("dir/b.bin", data)
with zipfile.ZipFile(buffer) as archive:
    print(archive.namelist(), archive.read("a.txt"), archive.getinfo("dir/b.bin").file_size, archive.testzip())
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
    info = tarfile.TarInfo("file.txt")
    info.size = 5
    archive.addfile(info, io.BytesIO(b"12345"))
buffer.seek(0)
with tarfile.open(fileobj=buffer) as archive:
    print(archive.getnames(), archive.extractfile("file.txt").read())
with gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"lines\nof\ntext"))) as f:
    print(f.readlines())
try:
    zlib.decompress(b"garbage")
except zlib.error as error:
    print("zlib.error")
