#!/usr/bin/env python3
"""Reads snapshots with no code of Reprise, written from docs/wsnp.md: framing, checksums, the canonical encoding and
the grammar of every section; prints what is in a file and computes its state root.

usage: read_wsnp.py [--quiet] [--root HEX] FILE...         exit 1 and one line for each file that is refused or has
                                                           another root
       read_wsnp.py --golden FOLDER                        all of a folder, against the roots in its roots.txt
       read_wsnp.py --document FILE [--write]              compares the constants in the document, or writes them
       read_wsnp.py --self-test                            plants faults in a file of its own and expects each to be found

Needs the packages msgpack and xxhash (scripts/fetch-peers); exit code 77 without them.
"""
import argparse
import hashlib
import os
import pathlib
import struct
import sys

SOURCE = pathlib.Path(os.environ.get("REPRISE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PEERS = pathlib.Path(os.environ.get("REPRISE_PEERS_DIR", SOURCE / "build/peers"))

try:
    import msgpack
    import xxhash
except ImportError:
    python = PEERS / "venv/bin/python"
    if not python.exists() or pathlib.Path(sys.prefix).resolve() == (PEERS / "venv").resolve():
        print("skipped: no msgpack and xxhash for Python: scripts/fetch-peers fetches them")
        sys.exit(77)
    os.execv(python, [str(python), *sys.argv])

PAGE = 4096
WASM_PAGE = 65536
RUN_PAGES_MAX = {"memory": 16384, "vfs": 4096}
TREE_DEPTH = 20
SECTIONS_MAX = 4096
FIXED = ["config", "modules", "hosts", "instances", "functions", "tables", "globals", "memories"]
LATER = ["frames", "counters", "embedder"]
PARTS = ["vfs", "wasi"]
TYPES = {0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F}
REFERENCES = {0x70, 0x6F}


class Refused(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Refused(text)


# ---- hashes ----

def checksum(data):
    return xxhash.xxh3_128(data).digest()


def personal_hash(personal, data):
    return hashlib.blake2b(data, digest_size=32, person=personal.encode().ljust(16, b"\0")).digest()


def leaf(page):
    return personal_hash("reprise.leaf", page)


def node(left, right):
    return personal_hash("reprise.node", left + right)


ZERO = [leaf(bytes(PAGE))]
for _ in range(TREE_DEPTH):
    ZERO.append(node(ZERO[-1], ZERO[-1]))


def tree(pages):
    """The top of the tree over pages by number; those that are absent are zero."""
    level = {number: leaf(page) for number, page in pages}
    for height in range(TREE_DEPTH):
        zero = ZERO[height]
        parents = sorted({number >> 1 for number in level})
        level = {p: node(level.get(2 * p, zero), level.get(2 * p + 1, zero)) for p in parents}
    return level.get(0, ZERO[TREE_DEPTH])


# ---- values ----

def is_plain(value):
    if isinstance(value, list):
        return all(is_plain(element) for element in value)
    return value is None or isinstance(value, (bool, str, bytes)) or (isinstance(value, int) and value >= 0)


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def read_values(data):
    """All values of `data`, each in its shortest form. Answers pairs of a value and the offset behind it."""
    unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=0)
    unpacker.feed(data)
    start = 0
    values = []
    while start < len(data):
        try:
            value = unpacker.unpack()
        except (ValueError, RecursionError, msgpack.UnpackException) as error:
            raise Refused(f"byte {start}: {error or 'ends in the middle of a value'}") from error
        end = unpacker.tell()
        require(is_plain(value), f"byte {start}: a value of a kind that the format does not have")
        require(pack(value) == data[start:end], f"byte {start}: a form that is not the shortest")
        values.append((value, end))
        start = end
    return values


# ---- shapes: functions that take a value and where it is, and refuse it ----

def uint(maximum=2**64 - 1, minimum=0):
    def check(value, where):
        require(isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum,
                f"{where}: {value!r:.40} is no number from {minimum} to {maximum}")
    return check


def boolean(value, where):
    require(isinstance(value, bool), f"{where}: {value!r:.40} is no bool")


def text(value, where):
    require(isinstance(value, str), f"{where}: {value!r:.40} is no text")


def binary(size=None, maximum=2**32 - 1):
    def check(value, where):
        require(isinstance(value, bytes) and len(value) <= maximum and size in (None, len(value)),
                f"{where}: no bin of the right size")
    return check


def optional(shape):
    return lambda value, where: None if value is None else shape(value, where)


def array(shape):
    def check(value, where):
        require(isinstance(value, list), f"{where}: {value!r:.40} is no array")
        for i, element in enumerate(value):
            shape(element, f"{where}[{i}]")
    return check


def tuple_of(*shapes):
    def check(value, where):
        require(isinstance(value, list) and len(value) == len(shapes),
                f"{where}: no array of {len(shapes)} elements")
        for i, shape in enumerate(shapes):
            shape(value[i], f"{where}[{i}]")
    return check


def choice(*shapes):
    """The first shape that fits; the last one says what is wrong."""
    def check(value, where):
        for shape in shapes[:-1]:
            try:
                return shape(value, where)
            except Refused:
                continue
        return shapes[-1](value, where)
    return check


def exactly(number):
    return uint(number, number)


def value_type(value, where):
    uint()(value, where)
    require(value in TYPES, f"{where}: no type")


VALUE = optional(uint())
INDEX = uint(2**32 - 1)
LIMIT = uint(2**64 - 1, 1)


def typed_value(type_code, value, where):
    if type_code in REFERENCES:
        optional(uint(2**32 - 1 if type_code == 0x70 else 2**64 - 2))(value, where)
    else:
        uint(2**32 - 1 if type_code in (0x7F, 0x7D) else 2**64 - 1)(value, where)


def ascending(keys, where):
    for i in range(1, len(keys)):
        require(keys[i - 1] < keys[i], f"{where}: {i - 1} and {i} are not in order")


def check_instances(value, where):
    instance = tuple_of(INDEX, array(INDEX), array(INDEX), array(INDEX), array(INDEX), array(optional(array(VALUE))),
                        array(boolean))
    tuple_of(array(instance), array(tuple_of(binary(), INDEX)))(value, where)
    ascending([name for name, _ in value[1]], f"{where}: registrations")


def check_table(value, where):
    tuple_of(value_type, uint(), optional(uint()), array(VALUE))(value, where)
    require(value[0] in REFERENCES, f"{where}: elements that are no references")
    for i, element in enumerate(value[3]):
        typed_value(value[0], element, f"{where} element {i}")


def check_global(value, where):
    tuple_of(value_type, boolean, VALUE)(value, where)
    typed_value(value[0], value[2], where)


def check_frames(value, where):
    wasm = tuple_of(INDEX, INDEX, array(VALUE))
    host = tuple_of(INDEX, array(VALUE), optional(INDEX), optional(uint(2**63 - 1)), binary(maximum=1024))
    optional(tuple_of(INDEX, optional(array(VALUE)), array(choice(wasm, host))))(value, where)
    if value is not None:
        require((value[1] is None) != (not value[2]), f"{where}: arguments and frames, or neither")


def check_vfs_runs(inode, where):
    previous_end, previous_full, previous_zero = 0, True, None
    for i, (page, content) in enumerate(inode[7]):
        zero = isinstance(content, int)
        here = f"{where} run {i}"
        if zero:
            count, full = content, False
            require(count > 0, f"{here}: no pages")
        else:
            count = (len(content) + PAGE - 1) // PAGE
            full = count == RUN_PAGES_MAX["vfs"]
            require(0 < count <= RUN_PAGES_MAX["vfs"], f"{here}: {count} pages")
            rest = inode[6] - page * PAGE
            require(len(content) == min(count * PAGE, rest), f"{here}: bytes that do not end with the file")
            for at in range(0, len(content), PAGE):
                require(any(content[at:at + PAGE]), f"{here}: a page that is all zero, with bytes")
        require(page >= previous_end, f"{here}: not behind the last one")
        require(page > previous_end or previous_zero in (None, not zero) or previous_full, f"{here}: part of the last one")
        previous_end, previous_full, previous_zero = page + count, full, zero


def check_vfs(value, where):
    head = [INDEX, uint(4), uint(), uint(), uint()]
    kinds = [
        [uint(), uint(), uint(), uint(), uint(), array(tuple_of(binary(), uint(), uint())), array(tuple_of(uint(), binary()))],
        [uint(), uint(), array(choice(tuple_of(uint(), binary()), tuple_of(uint(), uint())))],
        [uint(), binary()],
        [uint(), uint()],
        [uint(), uint(), uint(), binary()],
    ]

    def check_inode(inode, here):
        require(isinstance(inode, list) and len(inode) > 5 and inode[1] in range(5), f"{here}: no inode")
        tuple_of(*head, *kinds[inode[1]])(inode, here)
        if inode[1] == 0:
            ascending([entry[0] for entry in inode[10]], f"{here}: entries")
            ascending([entry[0] for entry in inode[11]], f"{here}: gone")
        elif inode[1] == 1:
            check_vfs_runs(inode, here)

    tuple_of(uint(), uint(), INDEX, array(check_inode))(value, where)
    ascending([inode[0] for inode in value[3]], f"{where}: inodes")


def check_wasi(value, where):
    kinds = {
        1: [uint()],
        2: [uint(), boolean, uint()],
        3: [uint(), boolean, uint(), boolean, optional(binary())],
        4: [uint(), boolean],
        5: [uint(), uint(1)],
    }

    def check_descriptor(descriptor, here):
        require(isinstance(descriptor, list) and len(descriptor) > 4 and descriptor[1] in kinds, f"{here}: no descriptor")
        tuple_of(INDEX, uint(5), uint(0xFFFF), uint(), *kinds[descriptor[1]])(descriptor, here)

    tuple_of(uint(), INDEX, uint(), uint(), uint(), array(binary()), array(binary()), array(check_descriptor))(value, where)
    ascending([descriptor[0] for descriptor in value[7]], f"{where}: descriptors")


COMPLETION = choice(tuple_of(exactly(0), array(VALUE)), tuple_of(exactly(1), binary(maximum=239)),
                    tuple_of(exactly(2), INDEX))
SHAPES = {
    "config": tuple_of(INDEX, INDEX, binary(32), LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, uint(), uint(), uint()),
    "modules": array(binary(32)),
    "hosts": array(tuple_of(text, text, array(value_type), array(value_type))),
    "instances": check_instances,
    "functions": array(choice(tuple_of(exactly(0), INDEX, INDEX), tuple_of(exactly(1), INDEX),
                              tuple_of(exactly(2), INDEX, INDEX))),
    "tables": array(check_table),
    "globals": array(check_global),
    "memories": INDEX,
    "frames": check_frames,
    "counters": tuple_of(uint(), uint(), uint(2**63 - 1), uint(2**63 - 1), *[uint()] * 9,
                         optional(tuple_of(uint(minimum=1), optional(COMPLETION)))),
    "embedder": binary(maximum=65536),
    "vfs": check_vfs,
    "wasi": check_wasi,
}


# ---- memories ----

class Memory:
    """The body of a memory: its head as it stands there, and its pages."""

    def __init__(self, name, body):
        values = read_values(body)
        require(len(values) >= 4 and values[-1][0] is None, f"{name}: ends without nil")
        (minimum, _), (maximum, _), (self.size, head_end) = values[:3]
        uint()(minimum, f"{name} min")
        optional(uint())(maximum, f"{name} max")
        uint(WASM_PAGE)(self.size, f"{name} size")
        require(minimum <= self.size and (maximum is None or self.size <= maximum), f"{name}: size outside of its limits")
        self.head = body[:head_end]
        self.pages = []
        following, may_follow = 0, True
        for i, (run, _) in enumerate(values[3:-1]):
            tuple_of(uint(), binary())(run, f"{name} run {i}")
            first, content = run
            count = len(content) // PAGE
            require(len(content) % PAGE == 0 and 0 < count <= RUN_PAGES_MAX["memory"], f"{name} run {i}: {len(content)} bytes")
            require(first > following or (first == following and may_follow), f"{name} run {i}: not behind the last one")
            require((first + count) * PAGE <= self.size * WASM_PAGE, f"{name} run {i}: beyond the memory's end")
            for k in range(count):
                page = content[k * PAGE:(k + 1) * PAGE]
                require(any(page), f"{name}: page {first + k} is all zero")
                self.pages.append((first + k, page))
            following, may_follow = first + count, count == RUN_PAGES_MAX["memory"]


# ---- the file ----

def read_prefix(data):
    require(data[:4] == b"WSNP", "does not begin with WSNP")
    require(len(data) >= 8, "ends in its prefix")
    require(data[4] == 1, f"version {data[4]}")
    require(data[5] in (0, 1) and data[6:8] == b"\0\0", "a prefix with unknown bytes")
    return data[5]


def take_envelope_off(data):
    """The canonical file, and the module that came with it."""
    if read_prefix(data) == 0:
        return data, None
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=0)
    unpacker.feed(data[8:])
    try:
        head = unpacker.unpack()
    except (ValueError, msgpack.UnpackException) as error:
        raise Refused(f"envelope: {error or 'ends too early'}") from error
    end = 8 + unpacker.tell()
    require(pack(head) == data[8:end], "envelope: a form that is not the shortest")
    tuple_of(optional(binary()), uint(2), uint(), optional(binary(32)), uint(), optional(binary(16)))(head, "envelope")
    module, method, size, parent, payload_size, payload_sum = head
    require(checksum(data[:end]) == data[end:end + 16], "envelope: its checksum differs")
    payload = data[end + 16:]
    require(module != b"", "envelope: a module without bytes")
    require(len(payload) == payload_size, "envelope: a payload of another size")
    require((parent is not None) == (method == 2) and (payload_sum is None) == (method == 0),
            "envelope: fields that its method does not have")
    require(payload_sum is None or checksum(payload) == payload_sum, "payload: its checksum differs")
    require(method == 0, f"method {method}: this reader does not know zstd; `reprise snapshot unpack` does")
    require(size == payload_size, "envelope: two sizes")
    return payload, module


def check_name(name, seen):
    letters = "abcdefghijklmnopqrstuvwxyz"
    require(isinstance(name, str) and 1 <= len(name) <= 31 and name[0] in letters and
            all(c in letters + "0123456789_" for c in name), f"index: {name!r:.40} is no name")
    require(name not in seen, f"index: two sections {name}")


def read_bodies(data):
    """The bodies by name, in their order."""
    require(read_prefix(data) == 0, "an envelope in an envelope")
    require(len(data) >= 8 + 1 + 24, "ends before its index")
    index_size, = struct.unpack("<Q", data[-24:-16])
    require(index_size <= len(data) - 8 - 24, "ends too early, or the size of its index lies")
    index_bytes = data[-24 - index_size:-24]
    require(checksum(data[:8] + index_bytes + data[-24:-16]) == data[-16:], "index: its checksum differs")
    values = read_values(index_bytes)
    require(len(values) == 1, "index: not one value")
    array(tuple_of(text, uint(), binary(16)))(values[0][0], "index")
    require(len(values[0][0]) <= SECTIONS_MAX, "index: too many sections")
    bodies = {}
    at, end = 8, len(data) - 24 - index_size
    for name, size, total in values[0][0]:
        check_name(name, bodies)
        require(size <= end - at, f"{name}: more bytes than there are")
        bodies[name] = data[at:at + size]
        require(checksum(bodies[name]) == total, f"{name}: its checksum differs")
        at += size
    require(at == end, "bytes that belong to no section")
    return bodies


def check_order(names, memory_count):
    expected = FIXED + [f"memory{i}" for i in range(memory_count)] + LATER
    require(names in (expected, expected + PARTS), f"the sections are {names}")


def vfs_with_leaves(vfs):
    """The tree with the leaf hash of each page instead of its bytes."""
    inodes = []
    for inode in vfs[3]:
        if inode[1] == 1:
            runs = []
            for page, content in inode[7]:
                if isinstance(content, bytes):
                    content = b"".join(leaf(content[at:at + PAGE].ljust(PAGE, b"\0"))
                                       for at in range(0, len(content), PAGE))
                runs.append([page, content])
            inode = [*inode[:7], runs]
        inodes.append(inode)
    return [*vfs[:3], inodes]


class Snapshot:
    """A file that was read, with its sections by name and its state root."""

    def __init__(self, data):
        canonical, self.module = take_envelope_off(data)
        self.bodies = read_bodies(canonical)
        self.values = {}
        self.memories = []
        for name, body in self.bodies.items():
            if name.startswith("memory"):
                self.memories.append(Memory(name, body))
                continue
            require(name in SHAPES, f"section {name} is not in the document")
            values = read_values(body)
            require(len(values) == 1, f"{name}: not one value")
            SHAPES[name](values[0][0], name)
            self.values[name] = values[0][0]
        check_order(list(self.bodies), self.values.get("memories", 0))
        require(self.module is None or hashlib.blake2b(self.module, digest_size=32).digest() in self.values["modules"],
                "the module in the envelope is none of the snapshot's")
        self.components = dict(self.compute_components())
        self.root = personal_hash("reprise.root", b"".join(pack(n) + c for n, c in self.components.items()))

    def compute_components(self):
        memories = iter(self.memories)
        for name, body in self.bodies.items():
            if name.startswith("memory"):
                memory = next(memories)
                yield name, personal_hash("reprise.comp", pack(name) + memory.head + tree(memory.pages))
            elif name == "vfs":
                yield name, personal_hash("reprise.comp", pack(vfs_with_leaves(self.values[name])))
            elif name == "wasi":
                yield name, personal_hash("reprise.comp", body)
            else:
                yield name, personal_hash("reprise.comp", pack(name) + body)

    def describe(self):
        counters, frames = self.values["counters"], self.values["frames"]
        yield f"modules {len(self.values['modules'])}, host functions {len(self.values['hosts'])}, " \
              f"instances {len(self.values['instances'][0])}, functions {len(self.values['functions'])}, " \
              f"tables {len(self.values['tables'])}, globals {len(self.values['globals'])}"
        for i, memory in enumerate(self.memories):
            yield f"memory {i}: {memory.size * WASM_PAGE} bytes, {len(memory.pages)} pages that are not zero"
        yield f"gas position {counters[2] + counters[3]}, host events {counters[11]}"
        if frames is None:
            yield "no call is stopped"
        else:
            yield f"stopped in a call of function {frames[0]}, {len(frames[2])} frames"
        if counters[13] is not None:
            yield f"host call {counters[13][0]} waits" + (", completed" if counters[13][1] else "")
        if "vfs" in self.values:
            yield f"{len(self.values['vfs'][3])} inodes, {len(self.values['wasi'][7])} descriptors"


# ---- commands ----

def constants():
    rows = [
        ("XXH3-128 of the 4 bytes `WSNP`", checksum(b"WSNP")),
        ("leaf of a page of zeros", ZERO[0]),
        ("node of two such leaves", ZERO[1]),
        ("tree of a memory of zeros", ZERO[TREE_DEPTH]),
        ("component of `memories` with the body 0x00", personal_hash("reprise.comp", pack("memories") + b"\0")),
    ]
    lines = ["", "| what | bytes |", "|---|---|", *(f"| {what} | `{value.hex()}` |" for what, value in rows), ""]
    return "\n".join(lines)


def check_document(path, write):
    content = path.read_text(encoding="utf-8")
    begin, end = "<!-- begin constants -->\n", "<!-- end constants -->"
    head, rest = content.split(begin)
    tail = rest.split(end)[1]
    wanted = head + begin + constants() + "\n" + end + tail
    if write:
        path.write_text(wanted, encoding="utf-8")
    elif wanted != content:
        print(f"{path}: the constants are not those of this reader; --document {path} --write writes them")
        return 1
    return 0


def read_file(path, quiet, root):
    try:
        snapshot = Snapshot(path.read_bytes())
    except Refused as refused:
        print(f"{path}: {refused}")
        return 1
    if not quiet:
        for line in snapshot.describe():
            print(f"{path}: {line}")
        for name, component in snapshot.components.items():
            print(f"{path}: {component.hex()} {name}")
        print(f"{path}: root {snapshot.root.hex()}")
    if root is not None and snapshot.root.hex() != root:
        print(f"{path}: root {snapshot.root.hex()}, expected {root}")
        return 1
    return 0


def read_golden(folder):
    roots = dict(line.split() for line in (folder / "roots.txt").read_text().splitlines() if line)
    files = {path.name for path in folder.glob("*.wsnp")}
    faults = 0
    for name in sorted(files | set(roots)):
        if name not in files or name not in roots:
            print(f"{folder / name}: {'is not there' if name not in files else 'has no root in roots.txt'}")
            faults += 1
        else:
            faults += read_file(folder / name, True, roots[name])
    print(f"{len(roots)} snapshots read, {faults} faults")
    return 1 if faults or not roots else 0


def make_file(bodies):
    index = pack([[name, len(body), checksum(body)] for name, body in bodies.items()])
    prefix = b"WSNP\1\0\0\0"
    size = struct.pack("<Q", len(index))
    return prefix + b"".join(bodies.values()) + index + size + checksum(prefix + index + size)


def self_test():
    page = b"\1" + bytes(PAGE - 1)
    bodies = {
        "config": pack([0, 1, bytes(32), 1, 1, 1, 1, 1, 0, 0, 0]), "modules": pack([]), "hosts": pack([]),
        "instances": pack([[], []]), "functions": pack([]), "tables": pack([]), "globals": pack([[0x7F, True, 5]]),
        "memories": pack(1), "memory0": pack(1) + pack(None) + pack(1) + pack([3, page]) + pack(None),
        "frames": pack(None), "counters": pack([0] * 13 + [None]), "embedder": pack(b""),
    }
    good = make_file(bodies)
    faults = []
    Snapshot(good)
    for size in range(len(good)):
        faults.append((f"prefix of {size} bytes", good[:size]))
    for bit in range(8 * len(good)):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        faults.append((f"bit {bit}", bytes(changed)))
    for name, body in [
        ("globals", b"\x91\x93\x7f\xc3\xcc\5"), ("globals", pack([[0x7F, True, 2**32]])), ("globals", pack([[0x7F, True, None]])),
        ("globals", pack([[0x70, True, True]])), ("frames", pack([])), ("frames", pack(None) + b"\0"), ("memories", pack(2)),
        ("memory0", pack(1) + pack(None) + pack(1) + pack([16, page]) + pack(None)),
        ("memory0", pack(1) + pack(None) + pack(1) + pack([3, bytes(PAGE)]) + pack(None)),
        ("memory0", pack(1) + pack(None) + pack(1) + pack([3, page]) + pack([4, page]) + pack(None)),
        ("memory0", pack(1) + pack(None) + pack(1)), ("embedder", pack("")), ("hosts", pack({})), ("counters", pack([0.5] * 14)),
    ]:
        faults.append((f"{name} {body[:16].hex()}", make_file({**bodies, name: body})))
    reordered = dict(sorted(bodies.items()))
    faults.append(("sections in another order", make_file(reordered)))
    missed = []
    for what, data in faults:
        try:
            Snapshot(data)
            missed.append(what)
        except Refused:
            pass
    for what in missed:
        print(f"self-test: {what} is not refused")
    print(f"{len(faults)} faults planted, {len(faults) - len(missed)} found")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--root")
    parser.add_argument("--golden", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--document", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.document:
        return check_document(options.document, options.write)
    if options.golden:
        return read_golden(options.golden)
    return max([read_file(path, options.quiet, options.root) for path in options.files], default=0)


if __name__ == "__main__":
    sys.exit(main())
