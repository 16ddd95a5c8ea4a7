"""What the tests of the command share: running it, strict JSON, the modules of make_cli_modules."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("REPRISE_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = None
FOLDER = None

RESULT_FIELDS = ["schema", "outcome", "reason", "error", "exit_code", "results", "trap", "gas_used", "gas", "gas_limit",
                 "memory_bytes", "module_hash", "schedule_hash", "semantics_version", "imports", "state_root", "roots", "stdout_hash",
                 "stderr_hash"]


def refuse_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"duplicate names in {names}")
    return dict(pairs)


def refuse_number(text):
    raise ValueError(f"{text} is no exact integer")


def read_json(text):
    """One line of strict JSON without floats; members keep their order."""
    if text.count("\n") != 1 or not text.endswith("\n"):
        raise ValueError(f"not one line: {text!r}")
    return json.loads(text, object_pairs_hook=refuse_duplicates, parse_float=refuse_number,
                      parse_constant=refuse_number)


def module(name):
    return str(FOLDER / f"{name}.wasm")


def run(*arguments, stdin=b"", environment=None, **options):
    """Runs the command; answers code, stdout and stderr as text."""
    done = subprocess.run([PROGRAM, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, **(environment or {})), timeout=120, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class CommandTest(unittest.TestCase):
    maxDiff = None

    def lack(self, what):
        """Skips a test for want of something that scripts/test fetches; with REPRISE_REQUIRE (scripts/test sets it, unless
        --offline) that fails, as a test skipped within a suite would not be seen."""
        if os.environ.get("REPRISE_REQUIRE"):
            self.fail(f"{what}, and REPRISE_REQUIRE is set")
        self.skipTest(what)

    def check(self, arguments, code, stdout=None, stderr=None):
        """Runs and compares; `stderr` is a part of it, or "" for none at all."""
        result = run(*arguments)
        self.assertEqual(result[0], code, f"{arguments}: {result}")
        if stdout is not None:
            self.assertEqual(result[1], stdout)
        if stderr == "":
            self.assertEqual(result[2], "")
        elif stderr is not None:
            self.assertIn(stderr, result[2])
            self.assertTrue(result[2].startswith("reprise: "), result[2])
        return result

    def result(self, *arguments, code=None):
        """The result object of a run, from a file of its own."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            done = run("run", "--json", str(path), *arguments)
            if code is not None:
                self.assertEqual(done[0], code, done)
            value = read_json(path.read_text())
        self.assertEqual(list(value), RESULT_FIELDS)
        self.assertEqual(value["schema"], "reprise.run.v1")
        self.assertEqual(value["gas_used"], value["gas"]["instructions"] + value["gas"]["host"])
        self.assertEqual(list(value["gas"]), ["load", "instantiation", "instructions", "host"])
        return value


def main():
    global PROGRAM, FOLDER
    PROGRAM, maker = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        FOLDER = pathlib.Path(folder)
        os.chdir(folder)  # what a test writes by a bare name is gone with it
        subprocess.run([maker, folder], check=True)
        program = unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[3:]], exit=False)
    sys.exit(not program.result.wasSuccessful())
