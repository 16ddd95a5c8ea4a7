"""Claims about `reprise run`: options, exit codes, the result object. The names of the tests are the claims."""

import hashlib
import json
import os
import pathlib
import pty
import select
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import command
from command import CommandTest, module, read_json, run

DEFAULT_TIME_NS = 1767225600000000000


class Outcomes(CommandTest):
    def test_every_outcome_has_its_exit_code_and_name(self):
        cases = [
            (["run", module("hello")], 0, "hello\n", "err\n", "returned"),
            (["run", "--invoke", "exit", module("functions"), "0"], 0, "", "", "exited"),
            (["run", "--invoke", "exit", module("functions"), "77"], 77, "", "", "exited"),
            (["run", "--invoke", "exit", module("functions"), "255"], 255, "", "", "exited"),
            (["run", "--invoke", "exit", module("functions"), "256"], 255, "", "", "exited"),
            (["run", "--invoke", "exit", module("functions"), "-1"], 255, "", "", "exited"),
            (["run", "--invoke", "div", module("functions"), "1", "0"], 134, "", "integer divide by zero", "trapped"),
            (["run", "--invoke", "recurse", module("functions")], 134, "", "call stack exhausted", "trapped"),
            (["run", module("start_traps")], 134, "", "unreachable", "trapped"),
            (["run", module("data_outside")], 134, "", "out of bounds memory access", "trapped"),
            (["run", "--gas", "1000", "--invoke", "spin", module("functions")], 124, "", "out of gas: used 1000 of 1000",
             "out_of_gas"),
            (["run", "--gas", "0", module("hello")], 124, "", "out of gas: used 0 of 0", "out_of_gas"),
            (["run", "--gas", "500", module("start_loops")], 124, "", "out of gas", "out_of_gas"),
            (["run", "--until-gas", "1000", "--invoke", "spin", module("functions")], 0, "",
             "stopped at gas 1000 by --until-gas 1000", "suspended"),
            (["run", "--until-gas", "501", module("start_loops")], 0, "", "stopped at gas 50", "suspended"),
            (["run", "--timeout-ms", "50", "--invoke", "spin", module("functions")], 124, "", "timed out after 50 ms",
             "timed_out"),
            (["run", "--timeout-ms", "0", "--invoke", "spin", module("functions")], 124, "", "timed out", "timed_out"),
            (["run", "--timeout-ms", "50", module("start_loops")], 124, "", "timed out", "timed_out"),
        ]
        for arguments, code, stdout, stderr, outcome in cases:
            with self.subTest(arguments=arguments):
                done = run(*arguments)
                self.assertEqual(done[:2], (code, stdout), done)
                self.assertIn(stderr, done[2])
                value = self.result(*arguments[1:], code=code)
                self.assertEqual(value["outcome"], outcome)
                self.assertIsNone(value["error"])

    def test_result_object_of_a_return(self):
        value = self.result(module("hello"), code=0)
        self.assertEqual(value["outcome"], "returned")
        self.assertEqual(value["exit_code"], 0)
        for field in ["reason", "error", "results", "trap", "gas_limit"]:
            self.assertIsNone(value[field])
        self.assertEqual(value["memory_bytes"], 65536)
        digest = hashlib.blake2b(pathlib.Path(module("hello")).read_bytes(), digest_size=32).hexdigest()
        self.assertEqual(value["module_hash"], digest)
        self.assertRegex(value["schedule_hash"], "^[0-9a-f]{64}$")
        self.assertEqual(value["semantics_version"], 0)
        self.assertEqual(value["imports"], [])
        self.assertGreater(value["gas"]["load"], 0)
        self.assertGreater(value["gas"]["instantiation"], 0)
        self.assertGreater(value["gas"]["host"], 0)

    def test_result_object_of_an_exit_has_the_full_code(self):
        self.assertEqual(self.result("--invoke", "exit", module("functions"), "256")["exit_code"], 256)
        self.assertEqual(self.result("--invoke", "exit", module("functions"), "-1")["exit_code"], 4294967295)

    def test_result_object_of_a_trap_begins_with_the_innermost_frame(self):
        value = self.result("--invoke", "outer", module("functions"), "1", "0", code=134)
        trap = value["trap"]
        self.assertEqual(list(trap), ["code", "message", "function", "offset", "backtrace"])
        self.assertEqual(trap["code"], "integer_divide_by_zero")
        self.assertEqual(trap["message"], "integer divide by zero")
        self.assertEqual([frame["name"] for frame in trap["backtrace"]], ["divide", "outer"])
        self.assertEqual(trap["function"], {"index": trap["backtrace"][0]["index"], "name": "divide"})
        self.assertEqual(trap["offset"], trap["backtrace"][0]["offset"])
        code = pathlib.Path(module("functions")).read_bytes()
        self.assertEqual(code[trap["offset"]], 0x6d)  # i32.div_s
        self.assertEqual(code[trap["backtrace"][1]["offset"]], 0x10)  # call
        self.assertIsNone(value["exit_code"])
        self.assertIsNone(value["results"])

    def test_trap_without_a_function_has_no_place(self):
        trap = self.result(module("data_outside"), code=134)["trap"]
        self.assertEqual((trap["function"], trap["offset"], trap["backtrace"]), (None, None, []))

    def test_trap_prints_its_backtrace(self):
        _, _, stderr = run("--invoke", "outer", module("functions"), "1", "0")
        lines = stderr.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r'^  0: function \d+ "divide" at byte 0x[0-9a-f]+$')
        self.assertRegex(lines[2], r'^  1: function \d+ "outer" at byte 0x[0-9a-f]+$')

    def test_deep_backtrace_is_cut(self):
        self.assertEqual(len(self.result("--invoke", "recurse", module("functions"))["trap"]["backtrace"]), 64)
        self.assertRegex(run("--invoke", "recurse", module("functions"))[2], r"\n  and \d+ more\n$")

    def test_reasons_of_a_suspension(self):
        value = self.result("--until-gas", "100", "--invoke", "spin", module("functions"), code=0)
        self.assertEqual((value["reason"], value["exit_code"]), ("until_gas", None))
        self.assertLessEqual(value["gas_used"], 100)

    def test_gas_limit_is_in_the_result(self):
        self.assertEqual(self.result("--gas", "0x7fffffffffffffff", module("hello"))["gas_limit"], 2**63 - 1)

    def test_until_gas_beyond_the_end_changes_nothing(self):
        value = self.result(module("hello"))
        self.assertEqual(self.result("--until-gas", "1000000", module("hello")), value)

    def test_host_failures_are_one_outcome(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            with open("/dev/full", "wb") as full:
                done = subprocess.run([command.PROGRAM, "run", "--json", str(path), module("hello")], stdout=full,
                                      stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 123)
            value = read_json(path.read_text())
        self.assertEqual((value["outcome"], value["exit_code"]), ("host_failure", None))
        self.assertEqual(list(value["error"]), ["code", "message"])
        self.assertIn("No space left on device", value["error"]["message"])
        self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_refused_modules_have_no_outcome(self):
        for name, error in [("invalid", "ERROR_INVALID"), ("imports", "ERROR_IMPORT"), ("vector", "ERROR_UNSUPPORTED"),
                            ("empty", "ERROR_NOT_FOUND")]:
            value = self.result(module(name), code=126)
            self.assertEqual((value["outcome"], value["exit_code"], value["gas_used"]), (None, None, 0), name)
            self.assertEqual(value["error"]["code"], error)
            self.assertRegex(value["module_hash"], "^[0-9a-f]{64}$")
        value = self.result(module("absent"), code=127)
        self.assertEqual((value["outcome"], value["module_hash"], value["error"]["code"]), (None, None, "ERROR_IO"))


class Programs(CommandTest):
    def test_run_is_the_default_command(self):
        self.check([module("hello")], 0, "hello\n")
        self.check(["--gas", "100000", module("hello")], 0, "hello\n")

    def test_missing_and_unreadable_programs(self):
        self.check(["run", module("absent")], 127, "", "absent.wasm: No such file or directory")
        self.check(["run", str(command.FOLDER)], 127, "", "Is a directory")
        self.check(["run", ""], 127, "", "No such file")
        self.check(["validat"], 127, "", "did you mean `reprise validate`?")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "secret.wasm"
            path.write_bytes(b"")
            path.chmod(0)
            if os.geteuid() != 0:  # root reads everything
                self.check(["run", str(path)], 127, "", "Permission denied")

    def test_invalid_programs_name_the_place(self):
        self.check(["run", module("invalid")], 126, "", "invalid.wasm: at byte 0x")
        self.check(["run", "/dev/null"], 126, "")
        self.check(["run", module("vector")], 126, "", "simd")

    def test_program_can_come_from_a_pipe(self):
        done = run("run", "/dev/stdin", stdin=pathlib.Path(module("hello")).read_bytes())
        self.assertEqual(done[:2], (0, "hello\n"))

    def test_module_without_start_names_the_remedy(self):
        self.check(["run", module("reactor")], 126, "", "--invoke NAME calls another; it exports the functions "
                   "_initialize, get")
        self.check(["run", module("empty")], 126, "", "it exports no function")
        self.check(["run", module("start_takes")], 126, "", "--invoke _start calls it")

    def test_control_characters_do_not_reach_the_terminal(self):
        _, _, stderr = self.check(["--invoke", "nothing", module("functions")], 125)
        self.assertNotIn("\x1b", stderr)
        self.assertIn("\\x1b[31mfall\\x0a", stderr)
        _, _, stderr = self.check(["--invoke", "\x1b[31mfall\n", module("functions")], 134)
        self.assertNotIn("\x1b", stderr)

    def test_arguments_behind_the_file_are_the_guests(self):
        self.check([module("arguments"), "--gas", "5", "-x", "", "é"], 0, "arguments.wasm\0--gas\x005\0-x\0\0é\0")
        self.check(["run", "--argv0", "other name", module("arguments"), "a"], 0, "other name\0a\0")
        self.check(["run", "--", module("arguments"), "--", "a"], 0, "arguments.wasm\0--\0a\0")

    def test_environment_is_only_what_is_given(self):
        done = run(module("environment"), environment={"SECRET": "1"})
        self.assertEqual(done[:2], (0, ""))
        self.check(["--env", "A=1", "--env=B=x=y", "--env", "A=2", "--env", "C=", module("environment")], 0,
                   "A=2\0B=x=y\0C=\0")

    def test_stdin_is_the_guests(self):
        data = b"line\n" * 1000
        done = subprocess.run([command.PROGRAM, module("cat")], input=data, stdout=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stdout), (0, data))

    def test_two_runs_are_equal(self):
        runs = {json.dumps(self.result("--invoke", "random", module("functions"))) for _ in range(3)}
        self.assertEqual(len(runs), 1)
        first = self.result("--invoke", "random", "--seed", "1", module("functions"))["results"]
        second = self.result("--invoke", "random", "--seed", "2", module("functions"))["results"]
        self.assertNotEqual(first, second)

    def test_tables_agree(self):
        for arguments in [[module("hello")], ["--gas", "999", "--invoke", "spin", module("functions")],
                          ["--invoke", "outer", module("functions"), "1", "0"]]:
            self.assertEqual(self.result("--dispatch", "fast", *arguments), self.result("--dispatch", "metered", *arguments))


class Invoke(CommandTest):
    def test_values_are_read_by_the_type_and_printed_one_a_line(self):
        cases = [
            ("-1 -1 -1 -1 null null", "-1\n-1\n-1\n-1\nnull\nnull\n"),
            ("0xffffffff 0xffffffffffffffff 0x1p3 0x10 null 7", "-1\n-1\n8\n16\nnull\n7\n"),
            ("2147483647 9223372036854775807 nan inf null 0", "2147483647\n9223372036854775807\nnan\ninf\nnull\n0\n"),
            ("-2147483648 -9223372036854775808 -nan -inf null null",
             "-2147483648\n-9223372036854775808\n-nan\n-inf\nnull\nnull\n"),
            ("0 0 nan:0x200000 nan:0x1 null null", "0\n0\nnan:0x200000\nnan:0x1\nnull\nnull\n"),
            ("0 0 0.1 1e300 null null", "0\n0\n0.1\n1e300\nnull\nnull\n"),
        ]
        for values, stdout in cases:
            self.check(["--invoke", "all", module("functions"), *values.split()], 0, stdout, "")

    def test_results_in_json_are_exact(self):
        value = self.result("--invoke", "all", module("functions"), "-1", "-9223372036854775808", "-0.5", "nan", "null", "7")
        self.assertEqual(value["results"], [
            {"type": "i32", "value": "-1"}, {"type": "i64", "value": "-9223372036854775808"},
            {"type": "f32", "value": "3204448256"}, {"type": "f64", "value": "9221120237041090560"},
            {"type": "funcref", "value": "null"}, {"type": "externref", "value": "7"}])
        self.assertEqual(self.result("--invoke", "spin", "--gas", "10", module("functions"))["results"], None)
        self.assertEqual(self.result("--invoke", "_initialize", module("reactor"))["results"], [])

    def test_wrong_values_are_misuse(self):
        functions = module("functions")
        cases = [
            (["--invoke", "absent", functions], "exports no function of that name; it exports the functions div, outer"),
            (["--invoke", "memory", functions], "exports no function of that name"),
            (["--invoke", "", functions], "exports no function of that name"),
            (["--invoke", "div", functions], "takes 2 arguments, 0 given"),
            (["--invoke", "div", functions, "1"], "takes 2 arguments, 1 given"),
            (["--invoke", "exit", functions, "1", "2"], "takes 1 argument, 2 given"),
            (["--invoke", "div", functions, "1", "x"], "argument 2, i32: x is not a number"),
            (["--invoke", "div", functions, "1", "4294967296"], "argument 2, i32: 4294967296 does not fit into 32 bits"),
            (["--invoke", "div", functions, "1.5", "1"], "argument 1, i32: 1.5 is not a number"),
            (["--invoke", "all", functions, "0", "0", "1e39", "0", "null", "null"], "argument 3, f32: 1e39 is too large"),
            (["--invoke", "all", functions, "0", "0", "0", "x", "null", "null"], "argument 4, f64: x is not a number"),
            (["--invoke", "all", functions, "0", "0", "0", "0", "3", "null"], "argument 5, funcref: 3 must be null"),
        ]
        for arguments, message in cases:
            self.check(arguments, 125, "", message)

    def test_reactor_is_initialised_once(self):
        self.check(["--invoke", "get", module("reactor")], 0, "21\n", "")
        self.check(["--invoke", "_initialize", module("reactor")], 0, "", "")

    def test_arguments_of_the_function_are_not_the_guests(self):
        self.check(["--invoke", "_start", module("arguments")], 0, "arguments.wasm\0")


class Options(CommandTest):
    def test_misuse_is_named_with_the_nearest_word(self):
        hello = module("hello")
        cases = [
            ([], "no program is given"),
            (["run"], "no program is given"),
            (["--gsa", "5", hello], "there is no option --gsa; did you mean --gas?"),
            (["--until-gs", "5", hello], "did you mean --until-gas?"),
            (["--time-out", "5", hello], "there is no option --time-out"),
            (["--record", "x", hello], "there is no option --record"),
            (["--tracy=wasi", hello], "there is no option --tracy=wasi; did you mean --trace?"),
            (["--counter", "global", hello], "--counter is no option of `reprise run`"),
            (["-x", hello], "there is no option -x"),
            (["--gas"], "--gas needs a value: --gas N"),
            (["--gas", "x", hello], "--gas x: is not a number"),
            (["--gas", "", hello], "--gas : is not a number"),
            (["--gas", "-1", hello], "--gas -1: is not a number"),
            (["--gas", "1 ", hello], "--gas 1 : is not a number"),
            (["--gas", "1k", hello], "--gas 1k: is not a number"),
            (["--gas", "0x", hello], "--gas 0x: is not a number"),
            (["--gas", "9223372036854775808", hello], "above the largest value, 9223372036854775807"),
            (["--gas", "18446744073709551616", hello], "does not fit into 64 bits"),
            (["--gas", "1", "--gas", "2", hello], "--gas 2: the option is given twice"),
            (["--until-gas", "x", hello], "--until-gas x: is not a number"),
            (["--timeout-ms", "9000000000001", hello], "above the largest value"),
            (["--memory-max", "1XiB", hello], "--memory-max 1XiB: has an unknown unit"),
            (["--memory-max", "KiB", hello], "is not a number of bytes"),
            (["--memory-max", "99999999999TiB", hello], "does not fit into 64 bits"),
            (["--seed", "0xg", hello], "--seed 0xg: is not a number"),
            (["--time", "yesterday", hello], "--time yesterday: is no time"),
            (["--time", "2026-02-30T00:00:00Z", hello], "is no time"),
            (["--time", "1969-12-31T23:59:59Z", hello], "is before 1970"),
            (["--time", "9999-01-01T00:00:00Z", hello], "does not fit into 64 bits"),
            (["--ns-per-gas", "1.5", hello], "--ns-per-gas 1.5: is not a number"),
            (["--env", "A", hello], "--env A: must be NAME=VALUE"),
            (["--env", "=1", hello], "--env =1: must be NAME=VALUE"),
            (["--dispatch", "slow", hello], "--dispatch slow: must be one of fast|metered"),
            (["--unknown-imports", "ignore", hello], "must be trap"),
            (["--strict=yes", hello], "the option takes no value"),
            (["--schedule", "/nonexistent", hello], "--schedule /nonexistent: No such file or directory"),
            (["--schedule", hello, hello], "--schedule "),
            (["--schedule", "", hello], "the path is empty"),
            (["--json", "/nonexistent/x", hello], "--json /nonexistent/x: No such file or directory"),
            (["--json", "/", hello], "--json /: Is a directory"),
            (["--dir", "/nonexistent", hello], "--dir /nonexistent: "),
            (["--dir", "::/x", hello], "must be HOST::GUEST or HOST"),
            (["--dir", "/tmp::", hello], "must be HOST::GUEST or HOST"),
            (["--dir", hello, hello], "not a folder"),
        ]
        for arguments, message in cases:
            with self.subTest(arguments=arguments):
                self.check(arguments, 125, "", message)

    def test_values_stand_behind_a_blank_or_an_equals_sign(self):
        self.check(["--gas=0x10", module("hello")], 124, "", "of 16")
        self.check(["--gas", "0x10", module("hello")], 124, "", "of 16")

    def test_memory_is_limited_to_what_is_given(self):
        self.check(["--memory-max", "6400KiB", module("large_memory")], 0)
        self.check(["--memory-max", "6399KiB", module("large_memory")], 126, "", "memory")
        self.check(["--memory-max", "0", module("hello")], 126, "", "memory")
        for size in ["131072", "0x20000", "128KiB", "128K", "132kB"]:
            self.check(["--memory-max", size, "--invoke", "grow", module("functions"), "1"], 0, "1\n")
            self.check(["--memory-max", size, "--invoke", "grow", module("functions"), "2"], 0, "-1\n")
        value = self.result("--invoke", "grow", module("functions"), "3")
        self.assertEqual(value["memory_bytes"], 4 * 65536)

    def test_time_is_virtual(self):
        def now(*options):
            return int(self.result("--invoke", "now", *options, module("functions"))["results"][0]["value"])
        self.assertEqual(now(), DEFAULT_TIME_NS)
        self.assertEqual(now("--time", "2026-01-01T00:00:00Z"), DEFAULT_TIME_NS)
        self.assertEqual(now("--time", "2026-01-01T01:30:00.000000007+01:30"), DEFAULT_TIME_NS + 7)
        self.assertEqual(now("--time", "0"), 0)
        self.assertEqual(now("--time", "1970-01-01T00:00:00Z"), 0)
        self.assertEqual(now("--time", "2000-03-01T00:00:00Z"), 951868800 * 10**9)
        self.assertEqual(now("--time", "12345"), 12345)
        self.assertGreater(now("--ns-per-gas", "1000", "--time", "0"), 0)
        self.assertLess(abs(now("--time", "now") - time.time_ns()), 60 * 10**9)

    def test_strict_refuses_wasi(self):
        _, _, stderr = self.check(["--strict", module("hello")], 126, "", "--strict offers no WASI")
        self.assertIn('"wasi_snapshot_preview1"."fd_write"', stderr)

    def test_unknown_imports_are_refused_with_the_whole_list(self):
        _, _, stderr = self.check([module("imports")], 126, "", "imports that are not offered")
        self.assertIn('"game"."missing" (i32) -> (), offered: nothing', stderr)
        self.assertIn('"wasi_snapshot_preview1"."fd_write" (i32) -> (), offered: (i32, i32, i32, i32) -> (i32)', stderr)

    def test_unknown_imports_can_trap_by_name(self):
        self.check(["--unknown-imports", "trap", module("imports")], 0, "", "")
        arguments = ["--unknown-imports", "trap", "--invoke", "use", module("imports")]
        self.check(arguments, 134, "", '"game"."missing"')
        self.assertEqual(self.result(*arguments)["trap"]["code"], "unknown_import")
        self.check(["--unknown-imports", "trap", module("import_memory")], 126, "", '"env"."memory" memory 1')

    def test_imports_are_logged(self):
        _, _, stderr = self.check(["--log-imports", "--unknown-imports=trap", module("imports")], 0)
        self.assertEqual(stderr.splitlines(), [
            'reprise: import "game"."missing" (i32) -> (): traps when called; offered: nothing',
            'reprise: import "wasi_snapshot_preview1"."fd_write" (i32) -> (): traps when called; offered: '
            '(i32, i32, i32, i32) -> (i32)'])
        self.check(["--log-imports", module("hello")], 0, "hello\n",
                   'import "wasi_snapshot_preview1"."fd_write" (i32, i32, i32, i32) -> (i32): linked')

    def test_schedule_changes_prices_and_its_hash(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "schedule.json"
            path.write_text('{"classes":{"div":1000}}')
            plain = self.result("--invoke", "div", module("functions"), "1", "1")
            priced = self.result("--schedule", str(path), "--invoke", "div", module("functions"), "1", "1")
            self.assertEqual(priced["gas_used"], plain["gas_used"] + 996)
            self.assertNotEqual(priced["schedule_hash"], plain["schedule_hash"])
            for text in ["", "{", "[]", '{"classes":{"div":0}}', '{"classes":{"nothing":1}}']:
                path.write_text(text)
                self.check(["--schedule", str(path), module("hello")], 125, "", "--schedule ")

    def test_folders_are_copied_and_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "file.txt").write_text("contents\n")
            self.check(["--dir", f"{folder}::/data", module("folder")], 0, "/datacontents\n")
            self.check(["--dir", f"{folder}::/data:ro", module("folder")], 0, "/datacontents\n")
            done = run("--dir", ".", module("folder"), cwd=folder)
            self.assertEqual(done[:2], (0, ".contents\n"))
            value = self.result("--dir", f"{folder}::/data", module("folder"))
            self.assertEqual([list(item) for item in value["imports"]], [["host", "guest", "hash"]])
            self.assertEqual((value["imports"][0]["host"], value["imports"][0]["guest"]), (folder, "/data"))
            self.assertRegex(value["imports"][0]["hash"], "^[0-9a-f]{64}$")
            (path / "file.txt").unlink()
            self.check(["--dir", f"{folder}::/data", module("folder")], 44, "/data")  # noent
            os.mkfifo(path / "pipe")
            self.check(["--dir", f"{folder}::/data", module("folder")], 125, "", "pipe")

    def test_json_on_stdout_comes_after_all_output(self):
        code, stdout, stderr = run("run", "--json", "-", "--invoke", "_start", module("hello"))
        self.assertEqual((code, stderr), (0, "err\n"))
        lines = stdout.splitlines(keepends=True)
        self.assertEqual(lines[0], "hello\n")
        self.assertEqual(read_json(lines[1])["outcome"], "returned")

    def test_json_replaces_what_was_there(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            path.write_text("x" * 100000)
            run("--json", str(path), module("hello"))
            read_json(path.read_text())

    def test_json_that_cannot_be_written_is_a_host_failure(self):
        self.check(["--json", "/dev/full", "--invoke", "div", module("functions"), "4", "2"], 123, "2\n", "--json /dev/full")


class Streams(CommandTest):
    def test_closed_stdout_is_one_clear_line(self):
        done = subprocess.run(["sh", "-c", '"$0" "$1" >&-', command.PROGRAM, module("hello")], stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 123)
        self.assertRegex(done.stderr.decode(), r"^reprise: .*stdout cannot be written: Bad file descriptor\n$")

    def test_broken_pipe_is_one_clear_line(self):
        reader, writer = os.pipe()
        os.close(reader)
        for arguments in [["run", module("hello")], ["help"], ["disasm", module("functions")], ["version"],
                          ["inspect", module("functions")]]:
            done = subprocess.run([command.PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 123, arguments)
            self.assertRegex(done.stderr.decode(), r"^reprise: .*stdout cannot be written: Broken pipe\n$")
        os.close(writer)

    def test_full_disk_is_one_clear_line(self):
        for arguments in [["run", module("hello")], ["run", "--json", "-", module("hello")], ["help", "run"],
                          ["help", "--man"], ["version", "--json", "-"], ["disasm", module("functions")],
                          ["run", "--invoke", "div", module("functions"), "4", "2"]]:
            with open("/dev/full", "wb") as full:
                done = subprocess.run([command.PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 123, arguments)
            self.assertRegex(done.stderr.decode(), r"^reprise: .*stdout cannot be written: No space left on device\n$")

    def test_closed_stdin_is_a_host_failure_only_where_it_is_read(self):
        for name, code in [("hello", 0), ("cat", 123)]:
            done = subprocess.run(["sh", "-c", '"$0" "$1" <&-', command.PROGRAM, module(name)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, code, done.stderr)


class Interruption(CommandTest):
    def interrupt(self, arguments, **options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            process = subprocess.Popen([command.PROGRAM, "run", "--json", str(path), *arguments], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, **options)
            time.sleep(0.4)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
            return process.returncode, stderr.decode(), read_json(path.read_text())

    def check_interrupted(self, code, stderr, value):
        self.assertEqual(code, 130)
        self.assertIn("interrupted at gas", stderr)
        self.assertEqual((value["outcome"], value["reason"]), ("suspended", "interrupt"))

    def test_sigint_stops_a_running_guest(self):
        self.check_interrupted(*self.interrupt(["--invoke", "spin", module("functions")]))

    def test_sigint_stops_a_guest_that_waits_for_input(self):
        self.check_interrupted(*self.interrupt([module("cat")], stdin=subprocess.PIPE))

    def test_timeout_stops_a_guest_that_waits_for_input(self):
        process = subprocess.Popen([command.PROGRAM, "--timeout-ms", "200", module("cat")], stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.assertEqual(process.wait(timeout=30), 124)
        self.assertIn(b"timed out after 200 ms", process.stderr.read())
        process.stdin.close()
        process.stderr.close()

    def read_terminal(self, leader):
        """Everything until nobody holds the terminal any more."""
        shown = b""
        while True:
            ready, _, _ = select.select([leader], [], [], 30)
            self.assertTrue(ready)
            try:
                data = os.read(leader, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        os.close(leader)
        return shown.decode()

    def watch(self, environment, milliseconds=1900):
        """What a terminal on stderr shows of an endless guest."""
        leader, follower = pty.openpty()
        arguments = [command.PROGRAM, "--timeout-ms", str(milliseconds), "--invoke", "spin", module("functions")]
        process = subprocess.Popen(arguments, stderr=follower, env=dict(os.environ, **environment))
        os.close(follower)
        shown = self.read_terminal(leader)
        self.assertEqual(process.wait(), 124)
        return shown

    def test_progress_is_shown_on_a_terminal_after_a_second(self):
        shown = self.watch({"TERM": "xterm", "NO_COLOR": ""})
        self.assertRegex(shown, r"\x1b\[2mreprise: [0-9.]+ [kMG] gas, [0-9.]+ [kMG] gas/s, \d\.\d s\x1b\[0m")
        self.assertRegex(shown, r"\r\x1b\[Kreprise: .*timed out after 1900 ms")  # the line is gone before

    def test_progress_has_no_colour_if_it_is_not_wanted(self):
        shown = self.watch({"TERM": "xterm", "NO_COLOR": "1"})
        self.assertIn("gas/s", shown)
        self.assertNotIn("\x1b[2m", shown)

    def test_progress_is_not_shown_elsewhere(self):
        self.assertNotIn("gas/s", self.watch({"TERM": "dumb"}))
        self.assertNotIn("gas/s", self.watch({"TERM": "xterm"}, milliseconds=300))
        _, _, stderr = run("--timeout-ms", "1500", "--invoke", "spin", module("functions"), environment={"TERM": "xterm"})
        self.assertEqual(stderr.count("\n"), 1)

    def test_progress_of_work_without_a_guest(self):
        for name in ["validate", "disasm", "inspect"]:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "slow.wasm"
                os.mkfifo(path)
                leader, follower = pty.openpty()
                process = subprocess.Popen([command.PROGRAM, name, str(path)], stdout=subprocess.DEVNULL, stderr=follower,
                                           env=dict(os.environ, TERM="xterm", NO_COLOR="1"))
                os.close(follower)
                with path.open("wb") as pipe:
                    time.sleep(1.4)
                    pipe.write(pathlib.Path(module("hello")).read_bytes())
                shown = self.read_terminal(leader)
                self.assertEqual(process.wait(), 0)
            self.assertRegex(shown, r"\r\x1b\[Kreprise: [a-z]+ing, \d\.\d s")
            self.assertTrue(shown.endswith("\r\x1b[K"))

    def test_sigint_ends_work_without_a_guest(self):
        reader, writer = os.pipe()
        process = subprocess.Popen([command.PROGRAM, "validate", "/dev/stdin"], stdin=reader)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=30), -signal.SIGINT)
        os.close(reader)
        os.close(writer)

    def test_progress_changes_no_result(self):
        gas = "300000000"
        plain = self.result("--gas", gas, "--invoke", "spin", module("functions"))
        leader, follower = pty.openpty()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            arguments = [command.PROGRAM, "run", "--json", str(path), "--dispatch", "metered", "--gas", gas, "--invoke",
                         "spin", module("functions")]
            subprocess.run(arguments, stderr=follower, env=dict(os.environ, TERM="xterm"))
            self.assertEqual(read_json(path.read_text()), plain)
        os.close(leader)
        os.close(follower)


if __name__ == "__main__":
    command.main()
