# Much output in many sizes, to both streams.
import sys

line = "".join(chr(33 + i % 90) for i in range(997))
for i in range(1500):
    print(i, line[: i % 997])
    if i % 100 == 0:
        print("mark", i, file=sys.stderr)
sys.stdout.flush()
sys.stdout.buffer.write(bytes(range(256)) * 4096)
