#!/usr/bin/env python3
"""A run that is saved at random gas positions and goes on each time in a new process of another build.

usage: hop.py [--hops N] [--seed S] [--stdin FILE] REPRISE OTHER PROGRAM -- run's options -- arguments of the program

PROGRAM is in the folder of guests (REPRISE_GUESTS_DIR); exit code 77 where it is absent.

First REPRISE runs the program whole. Then it is run up to a first position and saved; OTHER restores it, runs to the next
position and saves it, in the other dispatch table; then REPRISE again, and so on, N times. Before each hop the process that goes on
computes the root of the file: it must be the one that the process that saved told. At the end output, outcome,
gas and state root must be those of the whole run. Exit code 1 if not.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

FIELDS = ["outcome", "reason", "exit_code", "results", "gas_used", "gas", "memory_bytes", "module_hash", "state_root", "roots"]


def run(program, arguments, folder, stdin):
    result = pathlib.Path(folder) / "result.json"
    done = subprocess.run([program, arguments[0], "--json", str(result), *arguments[1:]], stdin=stdin,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if not result.exists():
        sys.exit(f"{program} {arguments}: {done.stderr.decode(errors='replace')}")
    return json.loads(result.read_text()), done.stdout


def open_input(path):
    return open(path, "rb", buffering=0) if path else subprocess.DEVNULL


def root_of(program, path):
    done = subprocess.run([program, "verify", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"{program} verify: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode().split()[-1]


def hop(options, builds, positions, folder):
    """The last result, and everything that was printed on the way."""
    saved = pathlib.Path(folder) / "hop.wsnp"
    stdin = open_input(options.stdin)  # one file offset for all processes: each reads on where the last one stopped
    value, output = run(builds[0], ["run", "--until-gas", str(positions[0]), "--snapshot", str(saved), *options.arguments],
                        folder, stdin)
    for number, position in enumerate([*positions[1:], None], 1):
        program = builds[number % 2]
        root = root_of(program, saved)
        if root != value["state_root"]:
            sys.exit(f"hop {number} at gas {value['gas_used']}: root {root}, the process that saved it said {value['state_root']}")
        limit = ["--until-gas", str(position)] if position is not None else []
        value, text = run(program, ["resume", "--dispatch", ["fast", "metered"][number % 2], *limit, "--force", "--snapshot",
                                    str(saved), str(saved)], folder, stdin)
        output += text
    return value, output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hops", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stdin")
    parser.add_argument("reprise")
    parser.add_argument("other")
    parser.add_argument("program")
    words = sys.argv[1:]
    parts = [[]]
    for word in words:
        if word == "--":
            parts.append([])
        else:
            parts[-1].append(word)
    if len(parts) != 3:
        parser.error("two -- are needed")
    options = parser.parse_args(parts[0])
    program = pathlib.Path(os.environ.get("REPRISE_GUESTS_DIR", "build/guests")) / options.program
    options.arguments = [*parts[1], str(program), *parts[2]]
    if not program.exists():
        print(f"skipped: the guest {program} is absent (scripts/fetch-guests)")
        sys.exit(1 if os.environ.get("REPRISE_REQUIRE") else 77)
    if not pathlib.Path(options.other).exists():
        print(f"the other build, {options.other}, is absent: both sides are {options.reprise}")
        options.other = options.reprise
    with tempfile.TemporaryDirectory() as folder:
        whole, output = run(options.reprise, ["run", *options.arguments], folder, open_input(options.stdin))
        total = whole["gas_used"]
        numbers = random.Random(options.seed)
        positions = sorted({numbers.randrange(total) for _ in range(options.hops)})
        print(f"{total} gas, {len(positions)} hops, seed {options.seed}", flush=True)
        value, hopped = hop(options, [options.reprise, options.other], positions, folder)
    different = [field for field in FIELDS if value[field] != whole[field]]
    for field in different:
        print(f"{field}: {value[field]} after the hops, {whole[field]} at once")
    if hopped != output:
        print("the outputs differ")
    sys.exit(bool(different or hopped != output))


if __name__ == "__main__":
    main()
