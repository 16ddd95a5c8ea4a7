"""Claims about --trace=wasi, --trace-file and --trace-format. The names of the tests are the claims."""

import json
import os
import pathlib
import pty
import re
import subprocess
import tempfile
import unittest

import command
from command import CommandTest, module, read_json, run

LINE = re.compile(r"^ *(\d+) (?:wasi_unstable\.)?(\w+)\((.*)\) = (\?|[A-Z0-9]+)(?: (.*?))?  \[gas (\d+)\]$")
FIELDS = ["trace", "gas", "cost", "module", "function", "args", "errno", "results"]
PYTHON = pathlib.Path(os.environ.get("REPRISE_GUESTS_DIR", "")) / "python-3.12" / "python.wasm"
FILES = pathlib.Path(os.environ.get("REPRISE_BINARY_DIR", "")) / "guest" / "programs" / "files.wasm"


def traced(*arguments, form="json", **options):
    """Runs with --trace-file; answers code, stdout, stderr and the lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace"
        done = run("run", "--trace=wasi", "--trace-file", str(path), "--trace-format", form, *arguments, **options)
        text = path.read_text()
    if text and not text.endswith("\n"):
        raise ValueError(f"the last line has no end: {text[-100:]!r}")
    lines = text.splitlines()
    return (*done, [read_json(line + "\n") for line in lines] if form == "json" else lines)


class Lines(CommandTest):
    def test_trace_stands_among_the_output_on_stderr(self):
        self.check(["--trace=wasi", module("hello")], 0, "hello\n")
        self.assertEqual(run("--trace", "wasi", module("hello"))[2],
                         '          19 fd_write(fd=1, iovs=["hello\\n"]) = SUCCESS nwritten=6  [gas 51]\n'
                         "err\n"
                         '          89 fd_write(fd=2, iovs=["err\\n"]) = SUCCESS nwritten=4  [gas 51]\n')

    def check(self, arguments, code, stdout=None, stderr=None):
        done = run(*arguments)
        self.assertEqual(done[0], code, done)
        if stdout is not None:
            self.assertEqual(done[1], stdout)
        if stderr is not None:
            self.assertIn(stderr, done[2])
        return done

    def test_trace_file_is_replaced_and_takes_all_lines(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "trace"
            path.write_text("old\n" * 1000)
            done = run("--trace=wasi", "--trace-file", str(path), module("hello"))
            self.assertEqual(done, (0, "hello\n", "err\n"))
            lines = path.read_text().splitlines()
        self.assertEqual([LINE.match(line)[2] for line in lines], ["fd_write", "fd_write"])

    def test_trace_file_dash_is_stdout(self):
        _, stdout, stderr = run("--trace=wasi", "--trace-file", "-", module("hello"))
        self.assertEqual(stderr, "err\n")
        self.assertRegex(stdout, r"^hello\n *19 fd_write.*\n *89 fd_write.*\n$")

    def test_program_that_is_not_run_has_an_empty_trace(self):
        for name, code in [("invalid", 126), ("absent", 127)]:
            self.assertEqual(traced(module(name))[0::3], (code, []))

    def test_json_has_its_fields_and_exact_numbers(self):
        code, stdout, stderr, lines = traced(module("hello"))
        self.assertEqual((code, stdout, stderr), (0, "hello\n", "err\n"))
        self.assertEqual([list(line) for line in lines], [FIELDS, FIELDS])
        self.assertEqual(lines[0], {"trace": "wasi", "gas": 19, "cost": 51, "module": "wasi_snapshot_preview1",
                                    "function": "fd_write", "args": {"fd": 1, "iovs": ["hello\n"]},
                                    "errno": "SUCCESS", "results": {"nwritten": 6}})

    def test_exit_is_told_though_it_does_not_return(self):
        code, _, _, lines = traced("--invoke", "exit", module("functions"), "77")
        self.assertEqual(code, 77)
        self.assertEqual([(line["function"], line["errno"], line["exit_code"]) for line in lines],
                         [("proc_exit", None, 77)])
        lines = traced("--invoke", "exit", module("functions"), "77", form="text")[3]
        self.assertRegex(lines[0], r" proc_exit\(code=77\) = \? exit_code=77  \[gas 50\]$")

    def test_strings_of_the_command_line_are_escaped(self):
        lines = traced(module("arguments"), 'a"\\\n', "é", "\x1b[31m", form="text")[3]
        values = [line for line in lines if " args_get(" in line]
        self.assertEqual(len(values), 1)
        self.assertIn(r'argv=["arguments.wasm", "a\"\\\n", "é", "\x1b[31m"]', values[0])
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "trace"
            subprocess.run([command.PROGRAM, "--trace=wasi", "--trace-format=json", "--trace-file", path,
                            module("arguments"), 'a"\\\n', b"\xff\xfe"], stdout=subprocess.DEVNULL, check=True)
            lines = [read_json(line + "\n") for line in path.read_text().splitlines()]
        values = [line["results"]["argv"] for line in lines if line["function"] == "args_get"]
        self.assertEqual(values, [["arguments.wasm", 'a"\\\n', {"hex": "fffe"}]])

    def test_call_that_does_not_fit_is_not_told(self):
        self.assertEqual(len(traced("--gas", "69", module("hello"))[3]), 0)
        self.assertEqual(len(traced("--gas", "70", module("hello"))[3]), 1)


class Sums(CommandTest):
    """Guests that import WASI alone: what the lines cost is the account `host`."""

    def check_sums(self, *arguments, **options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "result.json"
            plain_path = pathlib.Path(folder) / "plain.json"
            plain = run("run", "--json", str(plain_path), *arguments, **options)
            done = traced("--json", str(path), *arguments, **options)
            result = read_json(path.read_text())
            self.assertEqual(result, read_json(plain_path.read_text()))
        self.assertEqual(done[:3], plain)
        lines = done[3]
        self.assertEqual(sum(line["cost"] for line in lines), result["gas"]["host"])
        position = 0
        for line in lines:
            self.assertGreaterEqual(line["gas"], position)
            position = line["gas"] + line["cost"]
        self.assertLessEqual(position, result["gas_used"])
        text = traced(*arguments, form="text", **options)
        self.assertEqual(text[:3], plain)
        self.assertEqual(len(text[3]), len(lines))
        for line, value in zip(text[3], lines):
            match = LINE.match(line)
            self.assertTrue(match, line)
            self.assertEqual((int(match[1]), match[2], match[4], int(match[6])),
                             (value["gas"], value["function"], value["errno"] or "?", value["cost"]), line)
        return lines

    def test_small_programs(self):
        for name in ["hello", "arguments", "environment", "folder", "reactor"]:
            with self.subTest(name):
                self.check_sums("--env", "A=1", "--ns-per-gas", "3", module(name), "one", "two")
        self.check_sums(module("cat"), stdin=b"line\n" * 10000)
        self.check_sums("--gas", "100", module("hello"))
        self.check_sums("--dispatch", "metered", module("hello"))
        self.check_sums("--until-gas", "60000000", module("yields"))

    def test_files(self):
        if not FILES.is_file():
            self.lack("no guest programs were built")
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a").write_text("text")
            lines = self.check_sums("--dir", f"{folder}::/", str(FILES))
        self.assertTrue({"fd_prestat_get", "path_open", "fd_write", "fd_close"} <= {line["function"] for line in lines})

    def test_python(self):
        if not PYTHON.is_file():
            self.lack("CPython was not fetched")
        program = "import os\nopen('/data/é\\n', 'w').write('x' * 70000)\nprint(os.listdir('/data'), os.stat('/data').st_mode)"
        with tempfile.TemporaryDirectory() as folder:
            lines = self.check_sums("--dir", f"{folder}::/data", str(PYTHON), "-c", program)
        written = [line["args"]["iovs"] for line in lines if line["function"] == "fd_write" and line["args"]["fd"] > 2]
        sizes = [len(item) if isinstance(item, str) else item["size"] for items in written for item in items]
        self.assertEqual(sum(sizes), 70000)
        names = [entry["name"] for line in lines if line["function"] == "fd_readdir"
                 for entry in line["results"].get("entries", []) if "name" in entry]
        self.assertIn("é\n", names)


class Misuse(CommandTest):
    def test_misuse_names_the_option(self):
        hello = module("hello")
        cases = [
            (["--trace-file", "x", hello], "--trace-file needs --trace"),
            (["--trace-format", "json", hello], "--trace-format needs --trace"),
            (["--trace", "wsi", hello], "--trace wsi: must be one or several of wasi|calls"),
            (["--trace=", hello], "must be one or several of wasi|calls"),
            (["--trace=wasi", "--trace-format", "xml", hello], "must be one of text|json"),
            (["--trace=wasi", "--trace-file", "", hello], "the path is empty"),
            (["--trace=wasi", "--trace-file", "/nonexistent/x", hello],
             "--trace-file /nonexistent/x: No such file or directory"),
            (["--trace=wasi", "--trace-file", "/", hello], "--trace-file /: Is a directory"),
            (["validate", "--trace=wasi", hello], "is no option of `reprise validate`"),
        ]
        for arguments, message in cases:
            with self.subTest(arguments=arguments):
                self.check(arguments, 125, "", message)
        self.assertFalse(os.path.exists("x"))

    def test_several_words_are_a_list_or_repeated(self):
        for arguments in [["--trace=wasi,wasi"], ["--trace=wasi", "--trace", "wasi"]]:
            self.assertEqual(run(*arguments, module("hello"))[2].count("fd_write"), 2)


class Failures(CommandTest):
    def test_trace_that_cannot_be_written_is_a_host_failure(self):
        arguments = ["--trace=wasi", "--trace-file", "/dev/full", module("hello")]
        done = run(*arguments)
        self.assertEqual(done[0], 123)
        self.assertIn("the trace cannot be written to /dev/full: No space left on device", done[2])
        self.assertEqual(done[2].count("reprise: "), 1)
        value = self.result(*arguments, code=123)
        self.assertEqual((value["outcome"], value["error"]["code"]), ("host_failure", "ERROR_HOST"))

    def test_trace_into_a_closed_stdout_is_a_host_failure(self):
        reader, writer = os.pipe()
        os.close(reader)
        arguments = [command.PROGRAM, "--trace=wasi", "--trace-file", "-", module("yields")]
        done = subprocess.run(arguments, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        self.assertEqual(done.returncode, 123)
        self.assertIn(b"the trace cannot be written", done.stderr)

    def test_host_failure_is_told(self):
        with tempfile.TemporaryDirectory() as folder, open("/dev/full", "wb") as full:
            path = pathlib.Path(folder) / "trace"
            arguments = [command.PROGRAM, "--trace=wasi", "--trace-format=json", "--trace-file", path, module("hello")]
            done = subprocess.run(arguments, stdout=full, stderr=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 123)
            line = json.loads(path.read_text())
        self.assertEqual((line["errno"], line["results"]), (None, {}))
        self.assertEqual(line["host_failure"], "stdout cannot be written: No space left on device")


class Terminal(CommandTest):
    def test_progress_does_not_tear_lines(self):
        leader, follower = pty.openpty()
        arguments = [command.PROGRAM, "--timeout-ms", "1900", "--trace=wasi", module("yields")]
        process = subprocess.Popen(arguments, stderr=follower, env=dict(os.environ, TERM="xterm", NO_COLOR="1"))
        os.close(follower)
        shown = b""
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:  # how Linux tells the end
                break
            if not data:
                break
            shown += data
        os.close(leader)
        self.assertEqual(process.wait(), 124)
        text = shown.decode().replace("\r\n", "\n")
        progress = re.compile(r"(?:\r\x1b\[K)+reprise: [0-9.]+ [kMG] gas, [0-9.]+ [kMG] gas/s, \d\.\d s(?=\r\x1b\[K)")
        self.assertRegex(text, progress)
        lines = progress.sub("", text).replace("\r\x1b[K", "").splitlines()
        self.assertIn("timed out", lines.pop())
        self.assertGreater(len(lines), 3)
        for line in lines:
            self.assertTrue(LINE.match(line), repr(line))


if __name__ == "__main__":
    command.main()
