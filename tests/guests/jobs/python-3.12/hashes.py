# Hashes of every kind, in one piece and in many.
import binascii
import hashlib
import hmac
import zlib

for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"):
    print(f"{name:9} abc {hashlib.new(name, b'abc').hexdigest()}")
data = bytes((i * i + 7 * i) % 251 for i in range(100_000))
for name in ("md5", "sha1", "sha256", "blake2b"):
    pieces = hashlib.new(name)
    for start in range(0, len(data), 4093):
        pieces.update(data[start : start + 4093])
    print(name, pieces.hexdigest() == hashlib.new(name, data).hexdigest(), pieces.hexdigest()[:32])
print("shake_128", hashlib.shake_128(data).hexdigest(24))
print("hmac", hmac.new(b"key", data, "sha256").hexdigest())
print("crc32", zlib.crc32(data), "adler32", zlib.adler32(data), "crc_hqx", binascii.crc_hqx(data[:1000], 0))
with open("/job/sums.txt", "w") as file:
    for i in range(50):
        file.write(f"{hashlib.sha256(str(i).encode()).hexdigest()}  {i}\n")
