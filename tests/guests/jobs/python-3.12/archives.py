# Compression and archives, written, read back and compared.
import bz2
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
import zlib

with open(sys.argv[1], "rb") as file:
    data = file.read() * 20
for level in (1, 6, 9):
    packed = zlib.compress(data, level)
    print("zlib", level, len(packed), zlib.decompress(packed) == data, hashlib.sha1(packed).hexdigest())
packed = bz2.compress(data)
print("bz2", len(packed), bz2.decompress(packed) == data, hashlib.sha1(packed).hexdigest())
with gzip.GzipFile("/job/a.gz", "wb", mtime=0) as file:
    file.write(data)
with gzip.open("/job/a.gz", "rb") as file:
    print("gzip", file.read() == data)
with zipfile.ZipFile("/job/a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for i in range(20):
        archive.writestr(zipfile.ZipInfo(f"folder/{i}.txt", (2020, 1, 2, 3, 4, 6)), data[: i * 1000])
with zipfile.ZipFile("/job/a.zip") as archive:
    print("zip", archive.testzip(), [info.file_size for info in archive.infolist()][-3:])
    archive.extractall("/job/unzipped")
with tarfile.open("/job/a.tar", "w") as archive:
    for i in range(5):
        member = tarfile.TarInfo(f"t/{i}")
        member.size = i * 700
        archive.addfile(member, io.BytesIO(data[: member.size]))
with tarfile.open("/job/a.tar") as archive:
    print("tar", [(m.name, m.size, m.mtime) for m in archive], archive.extractfile("t/4").read() == data[:2800])
stream = zlib.decompressobj()
try:
    stream.decompress(zlib.compress(data)[:-9] + b"damaged...")
except zlib.error as error:
    print(error)
