#!/usr/bin/env python3
"""Disassembles the official suite's modules and has another assembler (wasmtime's) turn the text back into bytes.

use: check_round_trip.py REPRISE [MODULE...]

Equal bytes are wanted for every valid module of the suite but the listed ones, whose bytes text cannot tell: numbers with
padded LEBs, empty sections, ungrouped locals, custom sections. There the second round must change nothing. Exit code 77,
with a word, where wasmtime or the suite is absent.
"""

import json
import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("REPRISE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
SUITE = pathlib.Path(os.environ.get("REPRISE_SPEC_TESTSUITE", SOURCE / "../shared/spec-testsuite")) / "core"
PEERS = pathlib.Path(os.environ.get("REPRISE_PEERS_DIR", SOURCE / "build/peers"))
VALID = {"module", "module_definition", "assert_unlinkable", "assert_uninstantiable"}
MODULES_MIN = 2400

# Files whose modules are written as bytes, for the sake of forms that text does not have.
BINARY = {"binary", "binary-leb128", "custom", "multi-memory/binary0", "float_literals"}


def skip(word):
    print("skipped:", word)
    sys.exit(77)


def enter_peers():
    """Runs this script again in the virtual environment that holds wasmtime."""
    python = PEERS / "venv/bin/python"
    if not python.exists():
        skip("no wasmtime: scripts/fetch-peers fetches it")
    if pathlib.Path(sys.prefix).resolve() != (PEERS / "venv").resolve():
        os.execv(python, [str(python), *sys.argv])


def suite_modules():
    for script in sorted(SUITE.rglob("*.json")):
        for entry in json.loads(script.read_text())["commands"]:
            if entry["type"] in VALID:
                yield script.parent / entry["filename"]


def disassemble(program, data):
    done = subprocess.run([program, "disasm", "/dev/stdin"], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode().strip())
    return done.stdout


def check(program, path, assemble):
    """None, or what is wrong."""
    data = path.read_bytes()
    try:
        assembled = bytes(assemble(disassemble(program, data)))
        if assembled == data:
            return None
        if str(path.parent.relative_to(SUITE)) not in BINARY:
            return "other bytes"
        again = bytes(assemble(disassemble(program, assembled)))
    except ValueError as error:
        return str(error)
    return None if again == assembled else "other bytes in the second round"


def main():
    enter_peers()
    import wasmtime

    def assemble(text):
        try:
            return wasmtime.wat2wasm(text)
        except wasmtime.WasmtimeError as error:
            raise ValueError(str(error)) from error

    program = sys.argv[1]
    if not SUITE.is_dir():
        skip(f"no test suite in {SUITE}")
    modules = [pathlib.Path(name) for name in sys.argv[2:]] or list(suite_modules())
    failures = 0
    for path in modules:
        wrong = check(program, path, assemble)
        if wrong:
            failures += 1
            print(f"{path}: {wrong}")
    print(f"{len(modules)} modules, {failures} failed")
    if not sys.argv[2:] and len(modules) < MODULES_MIN:
        print(f"fewer than {MODULES_MIN} modules in the suite")
        failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
