"""Claims about --profile and --trace=calls. The names of the tests are the claims."""

import collections
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import command
from command import SOURCE, CommandTest, module, read_json, run

PEERS = pathlib.Path(os.environ.get("REPRISE_PEERS_DIR", SOURCE / "build/peers"))
SCHEMA = PEERS / "speedscope/dist/release/file-format-schema.json"
PYTHON = PEERS / "venv/bin/python"

ODD = r'odd; "name"\\x0a\x1b'  # as text shows the name

# Every way to end: arguments, exit code, outcome.
ENDINGS = [
    ([module_name, *rest], code, outcome) for module_name, rest, code, outcome in [
        ("hello", [], 0, "returned"),
        ("calls", [], 0, "returned"),
        ("cat", [], 0, "returned"),
        ("start_traps", [], 134, "trapped"),
    ]
]
OPTION_ENDINGS = [
    (["--unknown-imports", "trap", "--invoke", "lost"], "calls", [], 134, "trapped"),
    (["--invoke", "down"], "calls", ["1000"], 0, "returned"),
    (["--invoke", "down"], "calls", ["-1"], 134, "trapped"),
    (["--invoke", "exit"], "functions", ["77"], 77, "exited"),
    (["--invoke", "outer"], "functions", ["1", "0"], 134, "trapped"),
    (["--invoke", "now"], "functions", [], 0, "returned"),
    (["--gas", "1000", "--invoke", "spin"], "functions", [], 124, "out_of_gas"),
    (["--gas", "0"], "hello", [], 124, "out_of_gas"),
    (["--gas", "60"], "hello", [], 124, "out_of_gas"),
    (["--gas", "500"], "start_loops", [], 124, "out_of_gas"),
    (["--until-gas", "1001", "--invoke", "spin"], "functions", [], 0, "suspended"),
    (["--until-gas", "10000000"], "yields", [], 0, "suspended"),
    (["--timeout-ms", "50"], "yields", [], 124, "timed_out"),
]


def all_endings():
    for arguments, code, outcome in ENDINGS:
        yield [], arguments, code, outcome
    for options, name, arguments, code, outcome in OPTION_ENDINGS:
        yield options, [name, *arguments], code, outcome


def with_trap(options, name):
    """The module `calls` has an import that nobody offers."""
    return options if name != "calls" or "--unknown-imports" in options else ["--unknown-imports", "trap", *options]


def profiled(*arguments, name="profile", options=()):
    """Runs with --profile and --json; answers the code, both streams, the file's text and the result object."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        result = pathlib.Path(folder) / "result.json"
        done = run("--profile", str(path), "--json", str(result), *options, *arguments)
        left = sorted(file.name for file in pathlib.Path(folder).iterdir())
        text = path.read_text() if path.exists() else None
        return done, text, read_json(result.read_text()) if result.exists() else None, left


def read_collapsed(text):
    """Gas by stack."""
    gas = collections.Counter()
    for line in text.split("\n")[:-1]:
        match = re.fullmatch(r"(.+) ([1-9]\d*)", line)
        gas[tuple(match[1].split(";"))] += int(match[2])
    return gas


class Profiles(CommandTest):
    def test_weights_sum_to_the_gas_used_however_the_run_ends(self):
        for options, (name, *arguments), code, outcome in all_endings():
            with self.subTest(options=options, name=name, arguments=arguments):
                options = with_trap(options, name)
                done, text, result, left = profiled(*options, module(name), *arguments)
                self.assertEqual((done[0], result["outcome"]), (code, outcome), done)
                self.assertEqual(sum(read_collapsed(text).values()), result["gas_used"])
                self.assertEqual(left, ["profile", "result.json"])
                if outcome == "timed_out":
                    continue
                plain = run(*options, module(name), *arguments)
                self.assertEqual(done, plain)
                done, text, same, _ = profiled(*options, module(name), *arguments, name="p.speedscope.json")
                self.assertEqual((done, same), (plain, result))
                profile = json.loads(text)["profiles"][0]
                self.assertEqual(sum(profile["weights"]), result["gas_used"])
                self.assertEqual(profile["endValue"], result["gas_used"])

    def test_functions_have_their_names(self):
        _, text, _, _ = profiled("--unknown-imports", "trap", module("calls"))
        stacks = set(read_collapsed(text))
        self.assertEqual(stacks, {
            ("func[4]",), ("_start",), ("_start", ODD.replace(";", ":")),
            ("_start", "wasi_snapshot_preview1.fd_write"), ("_start", "exported"), ("_start", "down"),
            ("_start", "down", "down")})
        _, text, _, _ = profiled("--unknown-imports", "trap", module("calls"), name="p.json")
        names = [frame["name"] for frame in json.loads(text)["shared"]["frames"]]
        self.assertIn('odd; "name"\\\n\x1b', names)

    def test_both_formats_say_the_same(self):
        for name, options in [("calls", ["--unknown-imports", "trap"]), ("hello", [])]:
            collapsed = read_collapsed(profiled(*options, module(name))[1])
            value = json.loads(profiled(*options, module(name), name="p.json")[1])
            names = [frame["name"].replace(";", ":").replace("\n", r"\x0a").replace("\x1b", r"\x1b")
                     for frame in value["shared"]["frames"]]
            profile = value["profiles"][0]
            samples = {tuple(names[i] for i in stack): weight
                       for stack, weight in zip(profile["samples"], profile["weights"], strict=True)}
            self.assertEqual(samples, collapsed)
            self.assertEqual(value["name"], f"{name}.wasm")
            self.assertEqual(profile["unit"], "none")

    def test_price_of_a_call_is_its_callers_and_of_a_host_call_its_own(self):
        _, text, result, _ = profiled(module("hello"))
        gas = read_collapsed(text)
        self.assertEqual(gas[("_start", "wasi_snapshot_preview1.fd_write")], result["gas"]["host"])
        self.assertEqual(gas[("_start",)], result["gas"]["instructions"])

    def test_refused_module_leaves_no_profile(self):
        for name, code in [("imports", 126), ("calls", 126), ("absent", 127)]:
            done, text, _, _ = profiled(module(name))
            self.assertEqual((done[0], text), (code, None), name)

    def test_refused_module_leaves_an_old_profile_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "profile"
            path.write_text("old")
            self.check(["--profile", str(path), module("calls")], 126)
            self.assertEqual(path.read_text(), "old")
            self.check(["--profile", str(path), module("hello")], 0)
            self.assertIn("_start ", path.read_text())
            self.assertEqual(len(list(pathlib.Path(folder).iterdir())), 1)

    def test_profile_that_cannot_be_written_is_misuse_before_anything_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            for path in [f"{folder}/nowhere/p", folder, ""]:
                self.check(["--profile", path, module("hello")], 125, stdout="", stderr="--profile")

    def test_profile_that_fails_to_be_written_is_a_host_failure(self):
        done = run("--profile", "/dev/full", module("hello"))
        self.assertEqual((done[0], done[1]), (123, "hello\n"))
        self.assertIn("--profile /dev/full: No space left on device", done[2])
        result = self.result("--profile", "/dev/full", module("hello"), code=123)
        self.assertEqual(result["outcome"], "host_failure")

    def test_format_can_be_named(self):
        done = run("--profile", "-", "--profile-format", "collapsed", module("hello"))
        self.assertRegex(done[1], r"^hello\n_start \d+\n_start;wasi_snapshot_preview1\.fd_write \d+\n$")
        done = run("--profile", "-", "--profile-format", "speedscope", module("hello"))
        self.assertTrue(done[1].startswith("hello\n{"))
        self.check(["--profile-format", "collapsed", module("hello")], 125, stdout="",
                   stderr="--profile-format needs --profile")
        _, text, _, _ = profiled(module("hello"), name="p.json", options=["--profile-format", "collapsed"])
        self.assertTrue(text.startswith("_start "))

    def test_recursion_is_folded_below_256_functions(self):
        _, text, result, _ = profiled("--unknown-imports", "trap", "--invoke", "down", module("calls"), "-1")
        self.assertGreater(result["gas_used"], 100000)
        self.assertLess(len(text), 1000000)
        self.assertEqual(max(len(stack) for stack in read_collapsed(text)), 258)
        self.assertIn(";[deeper];down ", text)

    def test_profile_does_not_depend_on_dispatch_or_progress(self):
        texts = {profiled("--unknown-imports", "trap", *options, module("calls"))[1]
                 for options in [[], ["--dispatch", "metered"], ["--trace=calls", "--trace-file", os.devnull]]}
        self.assertEqual(len(texts), 1)

    def test_speedscope_file_conforms_to_its_schema(self):
        if not SCHEMA.exists() or not PYTHON.exists():
            self.lack("speedscope's schema is not there; scripts/fetch-peers fetches it")
        check = ("import json, sys, jsonschema\n"
                 "schema = json.load(open(sys.argv[1]))\n"
                 "validator = jsonschema.validators.validator_for(schema)\n"
                 "validator.check_schema(schema)\n"
                 "for line in sys.stdin:\n"
                 "    validator(schema).validate(json.loads(line))\n")
        texts = [profiled(*with_trap(options, name), module(name), *arguments, name="p.json")[1]
                 for options, (name, *arguments), _, outcome in all_endings() if outcome != "timed_out"]
        texts = [text.replace("\n", "") + "\n" for text in texts]
        subprocess.run([PYTHON, "-c", check, SCHEMA], input="".join(texts).encode(), check=True)
        for text in [texts[0].replace('"weights"', '"weight"'), texts[0].replace('"none"', '"gas"')]:
            done = subprocess.run([PYTHON, "-c", check, SCHEMA], input=text.encode(), stderr=subprocess.DEVNULL,
                                  check=False)
            self.assertNotEqual(done.returncode, 0)


class Top(CommandTest):
    def top(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "profile"
            path.write_text(text)
            done = subprocess.run([SOURCE / "scripts/profile-top", path, *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
            return done.returncode, done.stdout.decode()

    def test_functions_are_summed_over_contexts_and_sorted(self):
        text = "a 10\na;b c 25\nb c 30\na;d 35\n"
        self.assertEqual(self.top(text), (0, " 55  55.0% b c\n 35  35.0% d\n 10  10.0% a\n"))
        self.assertEqual(self.top(text, "1"), (0, " 55  55.0% b c\n"))
        self.assertEqual(self.top(""), (0, ""))

    def test_what_is_no_profile_is_refused(self):
        for text in ["{}\n", "a b\n", " 3\n"]:
            self.assertEqual(self.top(text)[0], 2)


def traced(*arguments, form="text", kinds="calls"):
    """Runs with a trace; answers the code, both streams and the lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace"
        done = run(f"--trace={kinds}", "--trace-file", str(path), f"--trace-format={form}", *arguments)
        lines = path.read_text().split("\n")[:-1]
    return *done, [json.loads(line) for line in lines] if form == "json" else lines


class Traces(CommandTest):
    def test_text_is_indented_by_depth(self):
        code, stdout, stderr, lines = traced("--unknown-imports", "trap", module("calls"))
        self.assertEqual((code, stdout, stderr), (0, "", "err\n"))
        self.assertEqual([re.sub(r"^ *\d+", "", line) for line in lines], [
            " -> func[4]", " <- func[4]", " -> _start", "   -> " + ODD,
            "   <- " + ODD, "   -> wasi_snapshot_preview1.fd_write",
            "   <- wasi_snapshot_preview1.fd_write", "   -> exported", "   <- exported", "   -> down", "     -> down",
            "     <- down", "   <- down", " <- _start", " == returned"])
        self.assertEqual({len(re.match(r" *\d+ ", line)[0]) for line in lines}, {13})

    def test_json_has_its_members(self):
        _, _, _, lines = traced(module("hello"), form="json")
        self.assertEqual([list(line.items()) for line in lines[:3]], [
            [("trace", "calls"), ("gas", 1), ("event", "enter"), ("depth", 0), ("index", 1), ("name", "_start")],
            [("trace", "calls"), ("gas", 19), ("event", "enter"), ("depth", 1), ("index", None),
             ("name", "wasi_snapshot_preview1.fd_write")],
            [("trace", "calls"), ("gas", 70), ("event", "leave"), ("depth", 1), ("index", None),
             ("name", "wasi_snapshot_preview1.fd_write"), ("returned", True)]])
        self.assertEqual(list(lines[-1].items()), [("trace", "calls"), ("gas", lines[-2]["gas"]), ("event", "end"),
                                                   ("outcome", "returned"), ("detail", None)])

    def test_names_of_json_are_exact(self):
        _, _, _, lines = traced("--unknown-imports", "trap", module("calls"), form="json")
        self.assertIn('odd; "name"\\\n\x1b', [line.get("name") for line in lines])

    def test_calls_balance_and_the_last_line_tells_the_end(self):
        for options, (name, *arguments), code, outcome in all_endings():
            with self.subTest(options=options, name=name, arguments=arguments):
                options = with_trap(options, name)
                done = traced(*options, module(name), *arguments, form="json")
                self.assertEqual(done[0], code)
                stack = []
                gas = 0
                for line in done[3][:-1]:
                    self.assertGreaterEqual(line["gas"], gas)
                    gas = line["gas"]
                    if line["event"] == "enter":
                        self.assertEqual(line["depth"], len(stack))
                        stack.append((line["index"], line["name"]))
                    else:
                        self.assertEqual((line["index"], line["name"]), stack.pop())
                        self.assertEqual(line["depth"], len(stack))
                        self.assertTrue(line["returned"] or outcome in ("trapped", "exited"))
                end = done[3][-1]
                self.assertEqual((end["event"], end["outcome"]), ("end", outcome))
                self.assertGreaterEqual(end["gas"], gas)
                if outcome in ("returned", "trapped", "exited"):
                    self.assertEqual(stack, [])

    def test_what_does_not_return_is_marked_and_the_end_is_told(self):
        cases = [
            (["--invoke", "outer", module("functions"), "1", "0"],
             ["-> outer", "  -> divide", "  <! divide", "<! outer", "== trapped: integer divide by zero"]),
            (["--invoke", "exit", module("functions"), "77"],
             ["-> exit", "  -> wasi_snapshot_preview1.proc_exit", "  <! wasi_snapshot_preview1.proc_exit", "<! exit",
              "== exited: 77"]),
            (["--unknown-imports", "trap", "--invoke", "lost", module("calls")],
             ["-> func[4]", "<- func[4]", "-> lost", "  -> no;body.there", "  <! no;body.there", "<! lost",
              '== trapped: call of "no;body"."there", an import that is not offered']),
            (["--until-gas", "100", "--invoke", "spin", module("functions")],
             ["-> spin", "== suspended: until_gas"]),
            (["--gas", "100", "--invoke", "spin", module("functions")], ["-> spin", "== out_of_gas"]),
        ]
        for arguments, expected in cases:
            with self.subTest(arguments=arguments):
                lines = traced(*arguments)[3]
                self.assertEqual([line[13:] for line in lines], expected)

    def test_deep_calls_are_no_further_indented(self):
        lines = traced("--unknown-imports", "trap", "--invoke", "down", module("calls"), "45")[3]
        self.assertEqual(lines[42][13:], 80 * " " + "-> down")
        self.assertEqual(lines[43][13:], 80 * " " + "[41] -> down")

    def test_lines_stand_in_order_among_those_of_wasi_and_the_output(self):
        code, stdout, stderr = run("--trace=wasi,calls", module("hello"))
        self.assertEqual((code, stdout), (0, "hello\n"))
        kinds = [line if line == "err" else line[13:].split("(")[0] for line in stderr.split("\n")[:-1]]
        name = "wasi_snapshot_preview1.fd_write"
        self.assertEqual(kinds, ["-> _start", f"  -> {name}", "fd_write", f"  <- {name}", f"  -> {name}", "err",
                                 "fd_write", f"  <- {name}", "<- _start", "== returned"])

    def test_results_and_gas_are_those_without_a_trace(self):
        for options, (name, *arguments), _, outcome in all_endings():
            if outcome == "timed_out":
                continue
            options = with_trap(options, name)
            plain = self.result(*options, module(name), *arguments)
            self.assertEqual(self.result("--trace=calls", "--trace-file", os.devnull, *options, module(name),
                                         *arguments), plain)

    def test_refused_module_has_an_empty_trace(self):
        for name in ["imports", "calls", "absent"]:
            self.assertEqual(traced(module(name))[3], [])

    def test_trace_that_cannot_be_written_stops_the_run(self):
        for options, name in [(["--invoke", "recurse"], "functions"), ([], "hello")]:
            done = run("--trace=calls", "--trace-file", "/dev/full", *options, module(name))
            self.assertEqual(done[0], 123)
            self.assertIn("No space left on device", done[2])


command.main()
