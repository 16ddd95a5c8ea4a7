"""Claims about validate, inspect, disasm and instrument."""

import json
import os
import pathlib
import stat
import subprocess
import tempfile
import unittest

import command
from command import CommandTest, module, read_json, run

SCHEMA_INSPECT = ["schema", "file", "bytes", "module_hash", "load_gas", "features", "functions", "functions_named",
                  "code_bytes", "globals", "memories", "tables", "types", "element_segments", "data_segments", "start",
                  "sections", "imports", "exports"]


class Validate(CommandTest):
    def test_every_file_counts_and_the_worst_decides(self):
        hello, invalid, absent = module("hello"), module("invalid"), module("absent")
        self.check(["validate", hello], 0, "", "")
        self.check(["validate", hello, module("functions"), module("empty")], 0, "", "")
        self.check(["validate", invalid], 126, "", "invalid.wasm: at byte 0x")
        self.check(["validate", hello, invalid], 126)
        self.check(["validate", absent], 3, "", "absent.wasm: No such file or directory")
        self.check(["validate", invalid, absent, hello], 3)
        self.check(["validate", str(command.FOLDER)], 3, "", "Is a directory")
        self.check(["validate", "/dev/null"], 126)
        self.check(["validate", module("vector")], 126, "", "simd")
        self.assertEqual(run("validate", invalid, absent)[2].count("\n"), 2)

    def test_misuse(self):
        self.check(["validate"], 125, "", "no module is given")
        self.check(["validate", "--gas", "1", module("hello")], 125, "", "--gas is no option of `reprise validate`")
        self.check(["validate", "--jsno", "x", module("hello")], 125, "", "did you mean --json?")
        self.check(["validate", "--json", "/nonexistent/x", module("hello")], 125)

    def test_json_has_a_verdict_for_each_file(self):
        code, stdout, _ = run("validate", "--json", "-", module("hello"), module("invalid"), module("absent"))
        value = read_json(stdout)
        self.assertEqual(code, 3)
        self.assertEqual(value["schema"], "reprise.validate.v1")
        self.assertEqual([file["valid"] for file in value["files"]], [True, False, None])
        self.assertEqual([list(file) for file in value["files"]],
                         [["file", "valid", "error", "module_hash", "load_gas"]] * 3)
        self.assertEqual([file["error"] and file["error"]["code"] for file in value["files"]],
                         [None, "ERROR_INVALID", "ERROR_IO"])

    def test_host_failure_has_its_own_code(self):
        self.check(["validate", "--json", "/dev/full", module("hello")], 4, "", "No space left on device")


class Inspect(CommandTest):
    def test_json_says_what_is_in_a_module(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            self.check(["inspect", "--json", str(path), module("functions")], 0)
            value = read_json(path.read_text())
        self.assertEqual(list(value), SCHEMA_INSPECT)
        code = pathlib.Path(module("functions")).read_bytes()
        self.assertEqual(value["bytes"], len(code))
        self.assertEqual(value["functions"]["imported"], 3)
        self.assertEqual(value["functions_named"], 1)
        self.assertEqual(value["memories"], ["memory 1"])
        self.assertEqual(value["imports"][0], {"module": "wasi_snapshot_preview1", "name": "proc_exit",
                                               "kind": "function", "type": "(i32) -> ()"})
        exports = {item["name"]: item for item in value["exports"]}
        self.assertEqual(exports["div"]["type"], "(i32, i32) -> (i32)")
        self.assertEqual(exports["memory"]["kind"], "memory")
        self.assertIn("\x1b[31mfall\n", exports)
        self.assertEqual([section["section"] for section in value["sections"]],
                         ["type", "import", "function", "memory", "export", "code", "custom"])
        last = value["sections"][-1]
        self.assertEqual((last["name"], last["offset"] + last["bytes"]), ("name", len(code)))
        run_object = self.result("--invoke", "div", module("functions"), "1", "1")
        self.assertEqual(value["module_hash"], run_object["module_hash"])
        self.assertEqual(value["load_gas"], run_object["gas"]["load"])

    def test_text_has_no_control_characters(self):
        _, stdout, _ = self.check(["inspect", module("functions")], 0)
        self.assertNotIn("\x1b", stdout)
        self.assertIn('"\\x1b[31mfall\\x0a" () -> ()', stdout)
        self.assertRegex(stdout, r"\n  functions  3 imported, \d+ defined, 1 named; \d+ bytes of code\n")

    def test_refusals(self):
        self.check(["inspect"], 125, "", "inspect works on one module")
        self.check(["inspect", module("hello"), module("hello")], 125)
        self.check(["inspect", module("absent")], 127, "", "No such file")
        self.check(["inspect", module("invalid")], 126, "", "at byte 0x")
        self.check(["inspect", "--schedule", "/nonexistent", module("hello")], 125)
        self.check(["inspect", "--json", "/dev/full", module("hello")], 123)

    def test_schedule_prices_loading(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "schedule.json"
            path.write_text('{"terms":{"load_bytes":{"unit":1,"price":1000}}}')
            _, plain, _ = run("inspect", "--json", "-", module("hello"))
            _, priced, _ = run("inspect", "--schedule", str(path), "--json", "-", module("hello"))
        load = [json.loads(text.splitlines()[-1])["load_gas"] for text in (plain, priced)]
        self.assertGreater(load[1], load[0])


class Disasm(CommandTest):
    def test_text_of_a_module(self):
        _, stdout, _ = self.check(["disasm", module("reactor")], 0, None, "")
        self.assertTrue(stdout.startswith("(module\n"))
        self.assertIn('(export "get" (func 1))', stdout)
        self.assertRegex(stdout, r"\n    i32.const 21 +;; 0x[0-9a-f]+\n")

    def test_modules_with_later_features_have_text(self):
        self.check(["disasm", module("vector")], 0, None, "")

    def test_refusals(self):
        self.check(["disasm"], 125, "", "no module is given")
        self.check(["disasm", module("hello"), "x"], 125, "", "x is one too many")
        self.check(["disasm", "--json", "-", module("hello")], 125, "", "--json is no option of `reprise disasm`")
        self.check(["disasm", module("absent")], 127)
        self.check(["disasm", module("invalid")], 126, "", "at byte 0x")
        self.check(["disasm", "/dev/null"], 126)


class Instrument(CommandTest):
    def test_instrumented_module_counts_the_account_instructions(self):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "out.wasm")
            self.check(["instrument", module("functions"), "-o", path], 0, "", "")
            _, text, _ = run("inspect", "--json", "-", path)
            names = [item["name"] for item in json.loads(text.splitlines()[-1])["exports"]]
            self.assertIn("reprise_gas", names)
            self.check(["--invoke", "div", path, "84", "2"], 0, "42\n")
            self.check(["instrument", "--counter", "import", "--output", path, module("functions")], 0, "", "")
            self.check(["--invoke", "div", path, "84", "2"], 126, "", '"reprise"."gas" (i64) -> ()')

    def test_existing_file_is_replaced_only_by_success(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "out.wasm"
            path.write_text("before")
            self.check(["instrument", "-o", str(path), module("invalid")], 126)
            self.check(["instrument", "-o", str(path), module("absent")], 127)
            self.assertEqual(path.read_text(), "before")
            self.check(["instrument", "-o", str(path), module("hello")], 0)
            self.assertTrue(path.read_bytes().startswith(b"\0asm"))
            again = str(path)
            self.check(["instrument", "-o", str(path) + "2", again], 126, "", "reprise_gas")
            self.assertEqual(os.listdir(folder), ["out.wasm"])

    def test_refusals(self):
        self.check(["instrument", module("hello")], 125, "", "-o out.wasm")
        self.check(["instrument", "-o"], 125, "", "--output needs a value")
        self.check(["instrument", "-o", "x"], 125, "", "no module is given")
        self.check(["instrument", "-o", "x", "--counter", "local", module("hello")], 125, "", "global|import")
        self.check(["instrument", "-o", "/nonexistent/out.wasm", module("hello")], 123, "", "/nonexistent/out.wasm")
        self.check(["instrument", "-o", "/dev/full", module("hello")], 123, "", "No space left on device")

    def test_output_can_be_a_pipe(self):
        done = subprocess.run([command.PROGRAM, "instrument", "-o", "/dev/stdout", module("hello")],
                              stdout=subprocess.PIPE)
        self.assertTrue(done.stdout.startswith(b"\0asm"))
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))


if __name__ == "__main__":
    command.main()
