# Deletes what a listing shows while it is listed, as `rm -r` does.
import os

os.mkdir("/job/wide")
for i in range(300):
    with open(f"/job/wide/{i:03}-{'x' * (i % 50)}", "w"):
        pass
with os.scandir("/job/wide") as entries:
    for entry in entries:
        os.unlink(entry.path)
print("left:", len(os.listdir("/job/wide")))
os.rmdir("/job/wide")
