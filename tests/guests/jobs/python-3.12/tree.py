# Directories: made, walked, renamed, linked, removed.
import os
import pathlib
import shutil
import sys

root = pathlib.Path(sys.argv[1])
for i in range(12):
    folder = root / f"d{i % 4}" / f"e{i}"
    folder.mkdir(parents=True)
    for k in range(i):
        (folder / f"f{k:02}.txt").write_text(f"{i} {k}\n" * k)
print("walked:", sum(len(files) for _, _, files in os.walk(root)))
for path, folders, files in os.walk(root):
    folders.sort()
    print(path, folders, sorted(files)[:3])
print(sorted(str(p.relative_to(root)) for p in root.rglob("f07.txt")))

shutil.copytree(root / "d1", root / "copy")
os.rename(root / "copy" / "e9", root / "moved")
os.replace(root / "moved" / "f00.txt", root / "moved" / "f08.txt")
print(sorted(os.listdir(root)), sorted(os.listdir(root / "moved")))
with open(root / "grown", "wb") as file:
    file.seek(70000)
    file.write(b"end")
    file.truncate(80000)
print((root / "grown").stat().st_size, (root / "grown").read_bytes().strip(b"\0"))
with open(root / "grown", "ab") as file:
    file.write(b"more")
    print(file.tell())
with open(root / "grown", "r+b") as file:
    file.truncate(5)
print((root / "grown").read_bytes())
os.symlink("moved/f08.txt", root / "link")
print(os.readlink(root / "link"), (root / "link").read_text() == "", os.path.islink(root / "link"))
os.symlink("nowhere", root / "broken")
print(os.path.exists(root / "broken"), os.path.lexists(root / "broken"))
os.link(root / "grown", root / "hard")
print((root / "hard").stat().st_nlink, os.path.samefile(root / "hard", root / "grown"))
with open(root / "gone", "w+") as file:
    file.write("still readable")
    os.unlink(root / "gone")
    file.seek(0)
    print(file.read(), os.path.exists(root / "gone"))

for action in (
    lambda: os.rmdir(root / "d2"),
    lambda: os.mkdir(root / "d2"),
    lambda: open(root / "none" / "x"),
    lambda: open(root / "grown" / "x"),
    lambda: os.listdir(root / "grown"),
    lambda: open(root / "d2", "w"),
    lambda: os.unlink(root / "none"),
    lambda: os.rename(root / "d2", root / "d2" / "in"),
    lambda: open(root / "hard", "x"),
):
    try:
        action()
        print("done")
    except OSError as error:
        print(type(error).__name__, error.errno, error.strerror)

shutil.rmtree(root / "d3")
shutil.rmtree(root / "copy")
print(sorted(os.listdir(root)))
