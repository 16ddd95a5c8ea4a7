# What a program can ask of its surroundings: hashing, randomness, time, files. Reprise makes all of it repeatable.
import hashlib, os, random, time, uuid

print("hash('a')  ", hash("a"))
print("random()   ", random.random())
print("time()     ", time.time())
print("uuid4()    ", uuid.uuid4())

os.makedirs("/data/out", exist_ok=True)
for name in ("beta", "alpha", "gamma"):
    with open(f"/data/out/{name}.txt", "w") as file:
        file.write(name * 1000)
print("files      ", sorted(os.listdir("/data/out")), "from", os.listdir("/data"))
with open("/data/words.txt") as file:
    words = file.read().split()
print("words      ", len(words), "sorted first:", sorted(words)[0])
print("sha256     ", hashlib.sha256("".join(open(f"/data/out/{n}").read() for n in sorted(os.listdir("/data/out"))).encode()).hexdigest()[:16])
