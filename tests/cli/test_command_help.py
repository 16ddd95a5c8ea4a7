"""Claims about help, version, the man page, the completions and docs/command.md."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest

import command
from command import SOURCE, CommandTest, module, read_json, run

COMMANDS = ["run", "resume", "compare", "verify", "snapshot", "validate", "inspect", "disasm", "instrument", "version", "help"]


def options_of(name):
    """The long options that `help NAME` lists."""
    return re.findall(r"^  (?:-\w, )?--([a-z0-9-]+)", run("help", name)[1], re.M)


class Help(CommandTest):
    def test_general_help_names_every_command_and_exit_code(self):
        _, text, _ = self.check(["help"], 0, None, "")
        for name in COMMANDS:
            self.assertRegex(text, rf"\n  {name} +[a-z]")
        for code in [0, 2, 3, 4, 123, 124, 125, 126, 127, 130, 134]:
            self.assertRegex(text, rf"\n  {code} +\w")
        for arguments in [["--help"], ["-h"]]:
            self.check(arguments, 0, text, "")

    def test_every_command_explains_itself(self):
        for name in COMMANDS:
            _, text, _ = self.check(["help", name], 0, None, "")
            self.assertTrue(text.startswith(f"reprise {name}: "))
            self.check([name, "--help"], 0, text, "")
            self.check([name, "-h"], 0, text, "")

    def test_lines_fit_a_terminal(self):
        for name in [[], *[[name] for name in COMMANDS]]:
            for line in run("help", *name)[1].splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_every_listed_option_exists(self):
        for name in COMMANDS:
            for option in options_of(name):
                code, _, stderr = run(name, f"--{option}=\x01")
                self.assertNotIn("there is no option", stderr)
                self.assertNotIn("is no option", stderr)

    def test_help_behind_the_file_is_the_guests(self):
        self.check([module("arguments"), "--help"], 0, "arguments.wasm\0--help\0")

    def test_misuse(self):
        self.check(["help", "vers"], 125, "", "there is no command vers; did you mean version")
        self.check(["help", "xyzzy"], 125, "", "there is no command xyzzy; see `reprise help`")
        self.check(["help", "run", "--errors"], 125, "", "one thing at a time")
        self.check(["help", "run", "--man"], 125, "", "one thing at a time")
        self.check(["help", "--completion", "tcsh"], 125, "", "bash|zsh|fish")


class Version(CommandTest):
    def test_version_and_its_json(self):
        _, text, _ = self.check(["version"], 0, None, "")
        self.assertRegex(text, r"^reprise \d+\.\d+\.\d+\nsemantics version \d+\nschedule [0-9a-f]{64}\n$")
        self.check(["--version"], 0, text, "")
        self.check(["run", "--version"], 0, text, "")
        value = read_json(run("version", "--json", "-")[1].splitlines(keepends=True)[-1])
        self.assertEqual(list(value), ["schema", "version", "semantics_version", "schedule_hash"])
        self.assertEqual(text.split()[1], value["version"])
        self.assertEqual(value["schedule_hash"], self.result(module("hello"))["schedule_hash"])
        self.check(["version", "x"], 125, "", "version takes no argument")


class OtherForms(CommandTest):
    def test_man_page_has_every_option(self):
        _, page, _ = self.check(["help", "--man"], 0, None, "")
        for name in COMMANDS:
            for option in options_of(name):
                if option not in ("help", "version"):
                    self.assertIn("\\-\\-" + option.replace("-", "\\-") + "\\fR", page)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_man_page_is_clean(self):
        page = run("help", "--man")[1]
        done = subprocess.run(["mandoc", "-Tlint"], input=page.encode(), stdout=subprocess.PIPE)
        self.assertEqual(done.stdout.decode(), "")
        text = subprocess.run(["mandoc", "-Tutf8"], input=page.encode(), stdout=subprocess.PIPE).stdout.decode()
        self.assertIn("--until-gas", re.sub(".\b", "", text))

    def test_completions_have_every_option(self):
        for shell in ["bash", "zsh", "fish"]:
            _, script, _ = self.check(["help", "--completion", shell], 0, None, "")
            for name in COMMANDS:
                for option in options_of(name):
                    self.assertRegex(script, rf"(--|-l ){option}\b", shell)

    def test_bash_offers_each_command_its_own_options(self):
        script = run("help", "--completion", "bash")[1]
        for name in COMMANDS:
            offered = re.search(rf"^    {name}\) options='([^']*)'", script, re.M).group(1)
            self.assertEqual(offered.split(), [f"--{option}" for option in options_of(name)])

    def test_completions_are_read_by_their_shells(self):
        for shell in ["bash", "zsh", "fish"]:
            if shutil.which(shell):
                script = run("help", "--completion", shell)[1]
                done = subprocess.run([shell, "-n"], input=script.encode(), stderr=subprocess.PIPE)
                self.assertEqual((done.returncode, done.stderr), (0, b""), shell)

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_completes(self):
        cases = [
            ("reprise --unt", ["--until-gas"]),
            ("reprise run --dis", ["--dispatch"]),
            ("reprise run --dispatch m", ["metered"]),
            ("reprise instrument --counter ", ["global", "import"]),
            ("reprise insp", ["inspect"]),
            ("reprise validate --j", ["--json"]),
            ("reprise disasm --g", []),
        ]
        with tempfile.NamedTemporaryFile("w", suffix=".bash") as script:
            script.write(run("help", "--completion", "bash")[1])
            script.flush()
            for line, expected in cases:
                words = line.split(" ")
                array = " ".join(f"'{word}'" for word in words)
                program = (f"source {script.name}; COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _reprise; "
                           'printf "%s\\n" "${COMPREPLY[@]}"')
                with tempfile.TemporaryDirectory() as folder:
                    done = subprocess.run(["bash", "-c", program], stdout=subprocess.PIPE, cwd=folder)
                self.assertEqual(done.stdout.decode().split(), expected, line)

    def test_document_holds_the_generated_reference(self):
        document = (SOURCE / "docs/command.md").read_text()
        begin = "<!-- reprise help --markdown: begin -->\n"
        end = "<!-- reprise help --markdown: end -->"
        self.assertIn(begin, document)
        held = document.split(begin)[1].split(end)[0]
        self.assertEqual(held, run("help", "--markdown")[1], "write it anew: see the head of docs/command.md")

    def test_every_error_is_explained(self):
        document = (SOURCE / "docs/errors.md").read_text()
        reference = run("help", "--errors")[1]
        self.assertEqual(document[document.index("## "):], reference, "write it anew: see the head of docs/errors.md")
        codes = re.findall(r"^\| `(\w+)`", reference, re.M)
        self.assertGreater(len(codes), 50)
        for code in codes:
            self.check(["help", code], 0, None, "")
            self.assertIn("Remedy: ", run("help", code.lower())[1])


if __name__ == "__main__":
    command.main()
