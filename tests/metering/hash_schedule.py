"""Computes the schedule hash a second time, from docs/gas.md ("Schedule hash") and the list in metering/gas_schedule.def, and compares it
with what test_schedule.c expects of the library and with what the document prints.

usage: hash_schedule.py ROOT
"""
import hashlib
import pathlib
import re
import struct
import sys

ORDER = ["CLASS", "TERM", "FLAT"]


def read_entries(text):
    """Entries (kind, key, unit, price): classes, terms, flat prices, each in the order of the list."""
    entries = []
    for kind, arguments in re.findall(r"^RP_GAS_(CLASS|TERM|FLAT)\(([^)]*)\)", text, re.MULTILINE):
        cells = [cell.strip() for cell in arguments.split(",")]
        unit, price = (int(cells[2]), int(cells[3])) if kind == "TERM" else (1, int(cells[2]))
        entries.append((kind, cells[1].strip('"'), unit, price))
    return sorted(entries, key=lambda entry: ORDER.index(entry[0]))


def hash_schedule(version, entries):
    encoding = b"reprise.gas_schedule" + struct.pack("<II", version, len(entries))
    for kind, key, unit, price in entries:
        encoding += kind[0].lower().encode() + bytes([len(key)]) + key.encode() + struct.pack("<II", unit, price)
    return hashlib.blake2b(encoding, digest_size=32).hexdigest()


def main():
    root = pathlib.Path(sys.argv[1])
    entries = read_entries((root / "metering/gas_schedule.def").read_text(encoding="utf-8"))
    changes = {"div": (1, 9), "bytes": (32, 3), "host_call": (1, 77)}
    changed = [(kind, key, *changes.get(key, (unit, price))) for kind, key, unit, price in entries]
    expected = {"BUILTIN_HASH": hash_schedule(0, entries), "CHANGED_HASH": hash_schedule(7, changed)}
    test = (root / "tests/metering/test_schedule.c").read_text(encoding="utf-8")
    faults = [f"tests/metering/test_schedule.c: {name} must be {value}" for name, value in expected.items()
              if not re.search(rf"{name}\s+\\?\s*\"{value}\"", test)]
    if expected["BUILTIN_HASH"] not in (root / "docs/gas.md").read_text(encoding="utf-8"):
        faults.append(f"docs/gas.md: the hash of schedule 0 is {expected['BUILTIN_HASH']}")
    print("\n".join(faults) or f"{len(entries)} entries: both hashes equal")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
