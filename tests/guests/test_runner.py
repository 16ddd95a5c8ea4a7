#!/usr/bin/env python3
"""The runner of guests must see what it is there for: differences, also the declared ones that are not there."""
import pathlib
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import compare  # noqa: E402
import document  # noqa: E402
import jobs  # noqa: E402
from engines import Answer  # noqa: E402


def answer(**changes):
    return Answer(**{"ends": "exited", "exit_code": 0, "stdout": b"a\nb\n", "stderr": b"", "seconds": 1.0, "gas": 7, **changes})


class Engine:
    """Gives the same answer to every step, and leaves these files."""

    def __init__(self, name, given, files=()):
        self.name, self.given, self.files = name, list(given), dict(files)

    def run_step(self, run):
        for name, data in self.files.items():
            (run.folder / name).write_bytes(data)
        return self.given.pop(0)


def difference(*what, **more):
    return jobs.Difference("node", list(what), "call", "theirs", "ours", "section", **more)


class Runner(unittest.TestCase):
    def compare(self, theirs, ours=None, differences=(), files=({}, {}), mask=None, **step):
        guest = types.SimpleNamespace(title="guest", needs="", folder=pathlib.Path())
        job = jobs.Job("job", [jobs.Step(**step)], differences=list(differences), mask=mask or {})
        first = ours or [answer(), answer()]
        with tempfile.TemporaryDirectory() as folder:
            row, problems = compare.compare_job(guest, job, Engine("reprise", first, files[0]),
                                                [Engine("node", [theirs], files[1])], pathlib.Path(folder))
        return row, "\n".join(problems)

    def test_equal_answers_agree(self):
        row, problems = self.compare(answer(seconds=9.0, gas=None))
        self.assertEqual((problems, row["agreed"], row["differed"], row["node"], row["gas"]), ("", ["node"], [], 9.0, 7))

    def test_every_undeclared_difference_fails(self):
        for changes in ({"stdout": b"a\nc\n"}, {"stdout": b"a\nb"}, {"stderr": b"x"}, {"exit_code": 1}, {"ends": "trapped"},
                        {"ends": "hung"}):
            row, problems = self.compare(answer(**changes))
            self.assertIn("differs (- ours, + theirs)", problems, changes)
            self.assertEqual(row["differed"], ["node"])

    def test_written_files_are_compared(self):
        for files in (({"x": b"1"}, {}), ({}, {"x": b"1"}), ({"x": b"1"}, {"x": b"2"})):
            self.assertIn("files differs", self.compare(answer(), files=files)[1])
        self.assertEqual(self.compare(answer(), files=({"x": b"1"}, {"x": b"1"}))[1], "")

    def test_masked_bytes_are_not_compared_and_others_are(self):
        files = ({"x": b"abcd"}, {"x": b"abXd"})
        self.assertEqual(self.compare(answer(), files=files, mask={"x": [[2, 1]]})[1], "")
        self.assertIn("files differs", self.compare(answer(), files=files, mask={"x": [[1, 1]]})[1])
        self.assertIn("files differs", self.compare(answer(), files=({"x": b"ab"}, {"x": b"abc"}), mask={"x": [[0, 9]]})[1])

    def test_declared_difference_passes_and_is_in_the_row(self):
        row, problems = self.compare(answer(exit_code=1, stdout=b""), differences=[difference("exit_code", "stdout")])
        self.assertEqual((problems, row["differed"], len(row["differences"])), ("", ["node"], 1))

    def test_declared_difference_that_is_not_there_fails(self):
        self.assertIn("does not differ", self.compare(answer(), differences=[difference("stdout")])[1])
        problems = self.compare(answer(stdout=b""), differences=[difference("stdout", "stderr")])[1]
        self.assertIn("stderr does not differ", problems)

    def test_declared_lines_are_exact(self):
        theirs = answer(stdout=b"a\nc\n")
        self.assertEqual(self.compare(theirs, differences=[difference("stdout", diff=["-b", "+c"])])[1], "")
        problems = self.compare(theirs, differences=[difference("stdout", diff=["-b", "+d"])])[1]
        self.assertIn("differs otherwise than declared", problems)

    def test_two_runs_of_ours_must_be_equal(self):
        for changes in ({"gas": 8}, {"stdout": b"b\n"}, {"exit_code": 1}):
            self.assertIn("two runs", self.compare(answer(), ours=[answer(), answer(**changes)])[1], changes)

    def test_waiting_job_must_answer_under_the_oracles_as_it_says(self):
        guest = types.SimpleNamespace(title="guest", needs="simd", folder=pathlib.Path())
        for step, words in (({}, ""), ({"exit_code": 3}, "node, step 1: exit code 0, expected 3"),
                            ({"stdout_has": ["^c$"]}, "node, step 1: stdout has no")):
            job = jobs.Job("job", [jobs.Step(**step)])
            with tempfile.TemporaryDirectory() as folder:
                row, problems = compare.run_waiting_job(guest, job, [Engine("node", [answer()])], pathlib.Path(folder))
            self.assertEqual((row["reprise"], row["gas"], row["node"], row["agreed"]), (None, None, 1.0, []))
            self.assertEqual(bool(problems), bool(words), problems)
            self.assertIn(words, "".join(problems))

    def test_what_the_job_expects_of_ours(self):
        self.assertIn("expected 3", self.compare(answer(), exit_code=3)[1])
        self.assertIn("stdout has no", self.compare(answer(), stdout_has=["^c$"])[1])
        self.assertEqual(self.compare(answer(), stdout_has=["^b$"])[1], "")
        self.assertIn("out_of_gas, expected exited", self.compare(answer(), ours=[answer(ends="out_of_gas")])[1])

    def test_descriptions_name_what_is_wrong(self):
        for table in ({"name": "a", "argz": []}, {"args": []}, {"name": "a", "files": ["absent"]},
                      {"name": "a", "difference": [{"oracle": "x"}]}):
            with self.assertRaises(SystemExit):
                jobs.build_job("guest", pathlib.Path(__file__).parent / "jobs", table)

    def test_all_descriptions_can_be_read_and_are_in_the_document(self):
        guests = [jobs.load_guest(path.stem) for path in sorted(jobs.JOBS.glob("*.toml"))]
        self.assertTrue(all(guest.jobs for guest in guests))
        text = document.DOCUMENT.read_text(encoding="utf-8")
        self.assertEqual(text, document.derive(text, guests), "tests/guests/run --document brings it up to date")


if __name__ == "__main__":
    unittest.main()
