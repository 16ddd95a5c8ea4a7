#!/usr/bin/env python3
"""Runs the programs of this folder in an engine and says which of their checks fail (TAP).

use: run_programs.py reprise|wasmtime|node REPRISE FOLDER [PROGRAM...]

Under Reprise every check holds, and both dispatch tables and a second run agree in output and gas. What fails under
another engine must stand in differences.tsv, and what stands there must fail. Exit code 77, with a word, where the
engine or the programs are absent.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SOURCE = pathlib.Path(os.environ.get("REPRISE_SOURCE_DIR", HERE.parents[1]))
PEERS = pathlib.Path(os.environ.get("REPRISE_PEERS_DIR", SOURCE / "build/peers"))
FAILED = re.compile(r"not ok: (.+): expected (-?\d+), seen (-?\d+)")
SECONDS = 120

Run = collections.namedtuple("Run", "program arguments exit_code engines options")
Result = collections.namedtuple("Result", "exit_code output failures errors gas")


def skip(word):
    print("1..0 # skipped:", word)
    sys.exit(77)


def expand(row):
    """A row of runs.txt as runs: one for each number of a range."""
    program, arguments, exit_code, engines, options = row
    lists = [[]] if arguments == "-" else [arguments.split(",")]
    if ".." in arguments:
        first, last = map(int, arguments.split(".."))
        lists = [[str(number)] for number in range(first, last + 1)]
    for items in lists:
        code = {"same": lambda: int(items[0]), "signal": lambda: 128 + int(items[0])}.get(exit_code)
        yield Run(program, items, code() if code else int(exit_code), engines.split(","),
                  [] if options == "-" else options.split(","))


def read_runs():
    rows = [line.split() for line in (HERE / "runs.txt").read_text().splitlines() if line and line[0] != "#"]
    return [run for row in rows for run in expand(row)]


def read_differences(engine):
    """(program, check) -> (seen there, seen here), several where it differs in several ways; and what differs at times only."""
    differences = collections.defaultdict(set)
    wavering = set()
    for line in (HERE / "differences.tsv").read_text().splitlines():
        if line and line[0] != "#":
            where, program, check, theirs, ours, section = line.split("\t")
            assert section, line
            if where.rstrip("?") == engine:
                differences[program, check].add((theirs, ours))
                if where.endswith("?"):
                    wavering.add((program, check))
    return differences, wavering


def engine_command(engine, reprise, folder, program, run, table):
    if engine == "reprise":
        return [reprise, "run", f"--dispatch={table}", f"--dir={folder}::/", *run.options, f"--json={folder}.json",
                program, *run.arguments]
    if engine == "node":
        node = PEERS / "node-20/bin/node"
        if not node.exists():
            skip("no node: scripts/fetch-peers fetches it")
        return [node, "--no-warnings", HERE / "run_node.mjs", program, folder, *run.arguments]
    python = PEERS / "venv/bin/python"
    if not python.exists():
        skip("no wasmtime: scripts/fetch-peers fetches it")
    return [python, HERE / "run_wasmtime.py", program, folder, *run.arguments]


def execute(engine, reprise, programs, run, table="fast"):
    program = programs / f"{run.program}.wasm"
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "folder"
        folder.mkdir()
        command = engine_command(engine, reprise, folder, program, run, table)
        try:
            done = subprocess.run(command, input=b"input\n", capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return Result("timed out", b"", [], [], None)
        gas = json.loads(pathlib.Path(f"{folder}.json").read_text())["gas"] if engine == "reprise" else None
    text = done.stderr.decode(errors="replace")
    return Result(done.returncode, done.stdout, FAILED.findall(text),
                  [line for line in text.splitlines() if not FAILED.match(line)], gas)


def judge_reprise(reprise, programs, run):
    """What is wrong with a run under Reprise, as lines."""
    results = [execute("reprise", reprise, programs, run, table) for table in ("fast", "metered", "fast")]
    for check, expected, seen in results[0].failures:
        yield f"{check}: expected {expected}, seen {seen}"
    if results[0].exit_code != run.exit_code:
        yield f"exit code {results[0].exit_code}, expected {run.exit_code}; {' '.join(results[0].errors)}"
    if results[0] != results[1] or results[0] != results[2]:
        yield f"runs differ: {results[0][2:]}, {results[1][2:]}, {results[2][2:]}"


def judge_peer(engine, programs, run, differences, met):
    """What another engine does otherwise and is not known, as lines; what is known is added to `met`."""
    result = execute(engine, None, programs, run)
    found = {(check, seen, expected) for check, expected, seen in result.failures}
    end = str(result.exit_code)
    if end != str(run.exit_code) and not (found and end == "1"):
        found.add(("exit code", end, str(run.exit_code)))
    for check, theirs, ours in sorted(found):
        if (theirs, ours) in differences[run.program, check] or ("*", ours) in differences[run.program, check]:
            met.add((run.program, check))
        else:
            yield f"{engine}\t{run.program}\t{check}\t{theirs}\t{ours}\t"


def main():
    engine, reprise, programs, *names = sys.argv[1:]
    programs = pathlib.Path(programs)
    if not (programs / "exit_code.wasm").exists():
        skip("the programs are not built: no clang-19, wasm-ld-19 or wasi-libc")
    runs = [run for run in read_runs() if engine in run.engines and (not names or run.program in names)]
    differences, wavering = read_differences(engine)
    met = set()
    bad = 0
    print(f"1..{len(runs)}")
    for number, run in enumerate(runs, 1):
        if engine == "reprise":
            lines = list(judge_reprise(reprise, programs, run))
        else:
            lines = list(judge_peer(engine, programs, run, differences, met))
        bad += bool(lines)
        print("ok" if not lines else "not ok", number, "-", run.program, *run.arguments)
        for line in lines:
            print("  " + line)
    stale = {key for key in differences if differences[key] and key not in met | wavering} if not names else set()
    for program, check in sorted(stale):
        print(f"not ok - {engine} agrees in {program}, {check}: strike the row")
    print(f"# {len(runs)} runs, {bad} bad, {len(met)} known differences")
    sys.exit(bool(bad or stale or not runs))


main()
