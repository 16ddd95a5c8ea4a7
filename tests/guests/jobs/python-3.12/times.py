# Times of files, as they were set.
import os

path = "/job/file"
with open(path, "w") as file:
    file.write("x")
os.utime(path, (1_000_000_000, 2_000_000_000))
status = os.stat(path)
print("whole seconds", status.st_atime_ns, status.st_mtime_ns)
os.utime(path, ns=(1_600_000_000_123_456_789, 1_600_000_001_987_654_321))
status = os.stat(path)
print("nanoseconds", status.st_atime_ns, status.st_mtime_ns)
os.rename(path, path + "2")
print("renamed", os.stat(path + "2").st_mtime_ns)
