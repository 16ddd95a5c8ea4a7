"""Claims about snapshots in the command: run --snapshot, resume, compare, verify, snapshot pack and unpack, inspect."""

import contextlib
import pathlib
import re
import tempfile
import unittest

import command
from command import CommandTest, module, read_json, run


class SnapshotTest(CommandTest):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def path(self, name):
        return str(self.folder / name)

    def json(self, *arguments, code=0):
        """Runs with --json; answers the object, stdout and stderr."""
        path = self.folder / "result.json"
        done = run(arguments[0], "--json", str(path), *arguments[1:])
        self.assertEqual(done[0], code, f"{arguments}: {done}")
        return read_json(path.read_text()), done[1], done[2]

    def save(self, name, gas, *arguments, options=()):
        path = self.path(name)
        self.json("run", "--until-gas", str(gas), "--snapshot", path, "--force", *options, *arguments)
        return path


class Resuming(SnapshotTest):
    def check_same_end(self, arguments, gas, code=0, resume=()):
        whole, whole_out, whole_err = self.json("run", *arguments, code=code)
        saved = self.path("saved.wsnp")
        first, first_out, _ = self.json("run", "--until-gas", str(gas), "--snapshot", saved, "--force", *arguments,
                                        code=code if gas >= whole["gas_used"] else 0)
        second, second_out, second_err = self.json("resume", *resume, saved, code=code)
        if first["outcome"] == "suspended":
            self.assertEqual(first_out + second_out, whole_out)
            self.assertLessEqual(first["gas_used"], gas)
        for field in ["outcome", "reason", "exit_code", "results", "gas_used", "gas", "memory_bytes", "module_hash",
                      "state_root", "roots"]:
            self.assertEqual(second[field], whole[field], (field, gas))
        self.assertIsNotNone(whole["state_root"])

    def test_a_program_saved_anywhere_ends_as_if_it_had_not_stopped(self):
        total = self.json("run", module("hello"))[0]["gas_used"]
        for gas in sorted({*range(0, 24), *range(0, total + 2, 37), total - 1, total, total + 1}):
            with self.subTest(gas=gas):
                self.check_same_end([module("hello")], gas)

    def test_the_other_table_ends_the_same(self):
        for gas in range(0, 200, 17):
            self.check_same_end([module("hello")], gas, resume=["--dispatch", "metered"])
            self.check_same_end(["--dispatch", "metered", module("hello")], gas, resume=["--dispatch", "fast"])

    def test_results_of_an_invoked_function_come_from_the_resumed_run(self):
        arguments = ["--invoke", "div", module("functions"), "-84", "2"]
        for gas in range(0, 8):
            self.check_same_end(arguments, gas)
        saved = self.save("div.wsnp", 3, *arguments)
        self.check(["resume", saved], 0, "-42\n")

    def test_start_then_initialize_then_the_entry_each_once_wherever_it_was_saved(self):
        arguments = ["--invoke", "get", module("phases"), "5"]
        total = self.json("run", *arguments)[0]["gas_used"]
        for gas in range(0, total + 1):
            with self.subTest(gas=gas):
                self.check_same_end(arguments, gas)
        saved = self.save("phases.wsnp", 2, *arguments)
        self.check(["resume", saved], 0, "128\n")

    def test_a_run_stopped_in_start_stays_there(self):
        saved = self.save("start.wsnp", 501, module("start_loops"))
        value, _, _ = self.json("resume", "--until-gas", "900", "--snapshot", saved, "--force", saved)
        self.assertEqual((value["outcome"], value["reason"]), ("suspended", "until_gas"))

    def test_a_trap_comes_in_the_resumed_run(self):
        arguments = ["--invoke", "div", module("functions"), "1", "0"]
        whole = self.json("run", *arguments, code=134)[0]
        saved = self.save("trap.wsnp", 3, *arguments)
        self.assertEqual(self.json("resume", saved, code=134)[0]["trap"], whole["trap"])

    def test_a_run_that_had_ended_ends_again_in_the_same_way(self):
        cases = [([module("hello")], 0), (["--invoke", "exit", module("functions"), "77"], 77),
                 (["--invoke", "div", module("functions"), "84", "2"], 0),
                 (["--invoke", "div", module("functions"), "1", "0"], 134)]
        for arguments, code in cases:
            with self.subTest(arguments=arguments):
                saved = self.path("ended.wsnp")
                whole = self.json("run", "--snapshot", saved, "--force", *arguments, code=code)[0]
                again = self.json("resume", saved, code=code)[0]
                for field in ["outcome", "exit_code", "results", "gas_used", "state_root", "roots"]:
                    self.assertEqual(again[field], whole[field])

    def test_stops_by_gas_and_by_time_are_saved(self):
        spin = ["--invoke", "spin", module("functions")]
        for option, outcome, code in [("--gas", "out_of_gas", 124), ("--timeout-ms", "timed_out", 124)]:
            saved = self.path("stopped.wsnp")
            value = self.json("run", option, "50", "--snapshot", saved, "--force", *spin, code=code)[0]
            self.assertEqual(value["outcome"], outcome)
            later = self.json("resume", "--until-gas", str(value["gas_used"] + 1000), saved)[0]
            self.assertGreater(later["gas_used"], value["gas_used"])

    def test_streams_and_gas_limits_belong_to_the_command_not_to_the_state(self):
        saved = self.save("hello.wsnp", 10, module("hello"))
        self.json("resume", "--gas", "20", saved, code=124)
        before = self.json("resume", "--until-gas", "30", saved)[0]
        self.assertEqual(before["outcome"], "suspended")
        self.assertLessEqual(before["gas_used"], 30)


class Files(SnapshotTest):
    def test_nothing_is_overwritten_without_force(self):
        saved = self.path("a.wsnp")
        pathlib.Path(saved).write_text("mine")
        self.check(["run", "--until-gas", "5", "--snapshot", saved, module("hello")], 125, "", "--force replaces it")
        self.assertEqual(pathlib.Path(saved).read_text(), "mine")
        self.check(["run", "--until-gas", "5", "--snapshot", saved, "--force", module("hello")], 0, "", "saved to")
        self.check(["run", "--snapshot", self.path("no/such/folder.wsnp"), module("hello")], 125, "")
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["a.wsnp"])

    def test_the_module_is_in_the_file_unless_it_is_left_out(self):
        saved = self.save("bare.wsnp", 10, module("hello"), options=["--no-module"])
        whole = self.save("whole.wsnp", 10, module("hello"))
        self.assertNotIn(pathlib.Path(module("hello")).read_bytes(), pathlib.Path(saved).read_bytes())
        self.assertIn(pathlib.Path(module("hello")).read_bytes(), pathlib.Path(whole).read_bytes())
        self.check(["resume", saved], 126, "", "--module FILE gives it")
        self.check(["resume", "--module", module("functions"), saved], 126, "")
        self.check(["resume", "--module", self.path("none"), saved], 125, "", "--module")
        self.check(["resume", "--module", module("hello"), saved], 0, "hello\n")
        self.check(["run", "--no-module", module("hello")], 125, "", "--no-module")

    def test_what_is_part_of_the_state_cannot_be_given_again(self):
        saved = self.save("a.wsnp", 10, module("hello"))
        for option in [["--dir", "/tmp"], ["--env", "A=B"], ["--argv0", "x"], ["--seed", "1"], ["--time", "now"],
                       ["--ns-per-gas", "1"], ["--memory-max", "1MiB"], ["--invoke", "f"], ["--default-tree"]]:
            self.check(["resume", *option, saved], 125, "", "is part of the state")
        self.check(["resume", saved, "argument"], 125, "", "part of the state")
        self.check(["resume"], 125, "", "no snapshot")

    def test_the_file_of_an_option_is_named_with_it(self):
        saved = self.save("a.wsnp", 10, module("hello"))
        none = self.path("none")
        for name, code in [("resume", 125), ("inspect", 125), ("verify", 3)]:
            self.check([name, "--parent", none, saved], code, "", f"reprise: --parent {none}: No such file")
        self.check(["verify", "--module", none, saved], 3, "", f"reprise: --module {none}: No such file")

    def test_damaged_snapshots_are_refused_by_name(self):
        saved = self.save("a.wsnp", 10, module("hello"))
        data = pathlib.Path(saved).read_bytes()
        broken = self.folder / "broken.wsnp"
        for at in range(0, len(data), 7):
            broken.write_bytes(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:])
            done = run("resume", str(broken))
            self.assertIn(done[0], [126], f"byte {at}: {done}")
            self.assertEqual(done[1], "")
            self.assertTrue(done[2].startswith("reprise: "), done)
            self.assertEqual(run("verify", str(broken))[0], 3)
        for size in range(0, len(data), 5):
            broken.write_bytes(data[:size])
            self.assertEqual(run("resume", str(broken))[0], 126, size)
        self.check(["resume", self.path("none.wsnp")], 127, "", "none.wsnp")
        self.check(["resume", module("hello")], 126, "")
        value = self.json("resume", str(broken), code=126)[0]
        self.assertIsNone(value["outcome"])
        self.assertRegex(value["error"]["code"], "^ERROR_")


class Comparing(SnapshotTest):
    def test_equal_and_different_states_have_their_exit_codes(self):
        a = self.save("a.wsnp", 50, module("hello"))
        b = self.save("b.wsnp", 50, "--dispatch", "metered", module("hello"))
        c = self.save("c.wsnp", 10, module("hello"))
        self.check(["compare", a, b], 0, "equal\n", "")
        _, text, _ = self.check(["compare", a, c], 2, None, "")
        self.assertIn("counters: ", text)
        value = self.json("compare", a, c, code=2)[0]
        self.assertEqual((value["schema"], value["equal"]), ("reprise.compare.v1", False))
        self.assertNotEqual(*value["roots"])
        self.assertEqual({item["component"] for item in value["differences"]},
                         set(re.findall(r"^(\w+): ", text, re.M)))
        (self.folder / "cut.wsnp").write_bytes(pathlib.Path(a).read_bytes()[:-1])
        self.check(["compare", a, self.path("cut.wsnp")], 3, "")
        self.check(["compare", a, self.path("none.wsnp")], 3, "")
        self.check(["compare", a], 125, "")

    def test_verify_checks_every_file_and_answers_the_worst(self):
        a = self.save("a.wsnp", 50, module("hello"))
        bare = self.save("b.wsnp", 50, module("hello"), options=["--no-module"])
        root = self.json("run", "--until-gas", "50", module("hello"))[0]["state_root"]
        self.check(["verify", a], 0, f"{a}: ok, state root {root}\n", "")
        _, text, _ = self.check(["verify", a, bare], 0, None, "")
        self.assertIn("as far as can be told without its module", text)
        self.check(["verify", "--module", module("hello"), bare], 0, f"{bare}: ok, state root {root}\n", "")
        value = self.json("verify", a, self.path("none"), code=3)[0]
        self.assertEqual([item["valid"] for item in value["files"]], [True, False])

    def test_inspect_tells_sections_and_roots(self):
        a = self.save("a.wsnp", 50, module("hello"))
        state = self.json("run", "--until-gas", "50", module("hello"))[0]
        value, text, _ = self.json("inspect", a)
        self.assertEqual(value["state_root"], state["state_root"])
        self.assertEqual({item["section"]: item["root"] for item in value["sections"]}, state["roots"])
        self.assertEqual(value["module_hash"], state["module_hash"])
        for name in state["roots"]:
            self.assertIn(f"\n  {name} ", text)

    def test_inspect_reads_a_pipe_once(self):
        for path in [self.save("a.wsnp", 50, module("hello")), module("hello")]:
            by_name, by_pipe = run("inspect", path), run("inspect", "/dev/stdin", stdin=pathlib.Path(path).read_bytes())
            self.assertEqual(by_pipe[0], 0, by_pipe)
            self.assertEqual(by_pipe[1].split("\n")[1:], by_name[1].split("\n")[1:])


class Packing(SnapshotTest):
    def test_packed_snapshots_are_the_same_states(self):
        bare = self.save("bare.wsnp", 50, module("hello"), options=["--no-module"])
        saved = self.save("a.wsnp", 50, module("hello"))
        packed, canonical = self.path("packed.wsnp"), self.path("canonical.wsnp")
        self.check(["snapshot", "pack", saved, packed], 0, "", "")
        self.check(["snapshot", "unpack", packed, canonical], 0, "", "")
        self.assertEqual(pathlib.Path(canonical).read_bytes(), pathlib.Path(bare).read_bytes())
        self.assertLess(pathlib.Path(packed).stat().st_size, pathlib.Path(saved).stat().st_size)
        self.check(["compare", saved, packed], 0, "equal\n", "")
        self.check(["resume", packed], 0, "hello\n")
        self.check(["snapshot", "pack", saved, packed], 125, "", "--force replaces it")
        for option in [["--level", "3"], ["--no-module"], ["--module", module("hello")]]:
            self.check(["snapshot", "unpack", *option, packed, self.path("x")], 125, "", "is for `snapshot pack`")
        self.check(["snapshot", "squeeze", saved, packed], 125, "", "must be pack or unpack")

    def test_a_delta_needs_its_parent(self):
        parent = self.save("parent.wsnp", 50, module("hello"))
        child = self.save("child.wsnp", 10, module("hello"))
        delta, back = self.path("delta.wsnp"), self.path("back.wsnp")
        self.check(["snapshot", "pack", "--no-module", "--parent", parent, child, delta], 0, "", "")
        self.check(["snapshot", "unpack", delta, back], 3, "")
        self.check(["snapshot", "unpack", "--parent", child, delta, back], 3, "")
        self.check(["snapshot", "unpack", "--parent", parent, delta, back], 0, "", "")
        self.check(["compare", child, back], 0, "equal\n", "")
        self.check(["resume", "--module", module("hello"), delta], 126, "")
        self.check(["resume", "--module", module("hello"), "--parent", parent, delta], 0, "hello\n")


if __name__ == "__main__":
    command.main()
