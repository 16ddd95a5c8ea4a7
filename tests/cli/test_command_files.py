"""Claims about the files of `reprise run`: imports, exports, stdin, limits. The names of the tests are the claims."""

import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

import command
from command import CommandTest, module, read_json, run

VIRTUAL_TIME_NS = 1767225600000000000


def listing(path):
    """Everything below a path: kind, mode, times, contents, and which names are one inode."""
    found = {}
    first = {}
    path = pathlib.Path(path)
    for item in [path, *sorted(path.rglob("*"))]:
        info = item.lstat()
        name = str(item.relative_to(path))
        what = os.readlink(item) if item.is_symlink() else item.read_bytes() if item.is_file() else None
        mode = None if item.is_symlink() else stat.S_IMODE(info.st_mode)
        found[name] = (stat.S_IFMT(info.st_mode), mode, info.st_mtime_ns, what, first.setdefault(info.st_ino, name))
    return found


class FolderTest(CommandTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)

    def assert_names(self, *names):
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(names))


class Exports(FolderTest):
    def test_folder_is_written_after_return_and_after_any_exit(self):
        for code in [None, 0, 1, 77, 125, 134, 255, 256]:
            arguments = [module("writer")] if code is None else ["--invoke", "exit", module("writer"), str(code)]
            out = f"out{code}"
            self.check(["--default-tree", "--export", f"/made::{out}", *arguments], min(code or 0, 255), "", "")
            files = listing(out)
            self.assertEqual(sorted(files), [".", "file", "hard", "link"])
            self.assertEqual(files["file"][3:], (b"bytes", "file"))
            self.assertEqual(files["hard"][3:], (b"bytes", "file"))  # the same inode
            self.assertEqual(files["link"][3], "../../away")
            self.assertEqual({entry[2] for entry in files.values()}, {VIRTUAL_TIME_NS})
            self.assertEqual((files["file"][1], files["."][1]), (0o644, 0o755))
        self.assertFalse(any(name.startswith(".") for name in os.listdir()))

    def test_nothing_is_written_after_another_end(self):
        writer = module("writer")
        cases = [
            (["--invoke", "trap", writer], 134, "nothing is exported: the program trapped"),
            (["--gas", "20000", "--invoke", "spin", writer], 124, "nothing is exported: the program ran out of gas"),
            (["--until-gas", "20000", "--invoke", "spin", writer], 0, "nothing is exported: the program was stopped"),
            (["--timeout-ms", "100", "--invoke", "spin", writer], 124, "nothing is exported: the program timed out"),
        ]
        for arguments, code, message in cases:
            _, _, stderr = run("--default-tree", "--export", "/made::out", *arguments)
            self.check(["--default-tree", "--export", "/made::out", *arguments], code, "", message)
            self.assert_names()
        with open("/dev/full", "wb") as full:
            done = subprocess.run([command.PROGRAM, "--export", "/::out", module("hello")], stdout=full,
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 123)
        self.assertIn(b"nothing is exported: the host failed", done.stderr)
        self.assert_names()

    def test_refused_module_is_one_line_and_nothing_is_written(self):
        for name, code in [("invalid", 126), ("imports", 126), ("absent", 127)]:
            _, _, stderr = self.check(["--export", "/::out", module(name)], code, "")
            self.assertNotIn("exported", stderr)
            self.assert_names()

    def test_file_can_be_exported(self):
        self.check(["--default-tree", "--export", "/made/file::result.txt", module("writer")], 0, "", "")
        self.assertEqual(pathlib.Path("result.txt").read_bytes(), b"bytes")
        self.assert_names("result.txt")

    def test_empty_folder_may_be_there_and_nothing_else(self):
        os.mkdir("empty")
        os.mkdir("full")
        pathlib.Path("full/x").write_text("mine")
        pathlib.Path("file").write_text("mine")
        os.symlink("empty", "link")
        self.check(["--default-tree", "--export", "/made::empty/", module("writer")], 0, "", "")
        self.assertEqual(len(os.listdir("empty")), 3)
        for host in ["full", "file", "link", "empty"]:
            self.check(["--default-tree", "--export", f"/made::{host}", module("writer")], 125, "",
                       f"--export /made::{host}: {host}: it exists")
            self.check(["--default-tree", "--export", f"/made::{host}", module("writer")], 125, "", "; --force replaces it")
        self.assertEqual(pathlib.Path("full/x").read_text(), "mine")
        self.assertEqual(pathlib.Path("file").read_text(), "mine")
        for host in ["full", "file", "link"]:
            self.check(["--default-tree", "--force", "--export", f"/made::{host}", module("writer")], 0, "", "")
            self.assertEqual(sorted(listing(host)), [".", "file", "hard", "link"])
        self.assertEqual(len(os.listdir("empty")), 3)  # the symlink was replaced, not what it led to
        self.assert_names("empty", "full", "file", "link")

    def test_refused_exports_are_named_before_anything_runs(self):
        os.mkdir("full")
        pathlib.Path("full/x").write_text("mine")
        os.mkdir("free")
        os.symlink("free", "same")
        cases = [
            (["--export", "/made"], "--export /made: must be GUEST::HOST"),
            (["--export", ""], "must be GUEST::HOST"),
            (["--export", "::out"], "must be GUEST::HOST"),
            (["--export", "/made::"], "must be GUEST::HOST"),
            (["--export", "/../made::out"], "guest path '/../made': '..' is not allowed"),
            (["--export", "/made::."], "it does not end in the name of a file or folder"),
            (["--export", "/made::full/.."], "it does not end in the name of a file or folder"),
            (["--export", "/made::/"], "it does not end in the name of a file or folder"),
            (["--force", "--export", "/made::/proc"], "/proc: it is a mount point"),
            (["--export", "/made::nowhere/out"], "nowhere/out: its folder nowhere/ cannot be opened: No such file"),
            (["--export", "/made::full/x/out"], "its folder full/x/ cannot be opened: Not a directory"),
            (["--export", "/made::/proc/out"], "/proc/out: nothing can be made in its folder"),
            (["--export", f"/made::{'x' * 256}"], "File name too long"),
            (["--export", "/made::out", "--export", "/tmp::out"], "to the same place as --export /made::out"),
            (["--export", "/made::out", "--export", "/tmp::./full/../out/"], "to the same place"),
            (["--export", "/a::free", "--export", "/b::free/in"], "or one into the other"),
            (["--export", "/a::free/in", "--export", "/b::free"], "or one into the other"),
            (["--export", "/a::same/in", "--export", "/b::free/in"], "to the same place"),
            (["--force"], "--force: there is no --export"),
            (["--force", "--export", "/made::full", "--json", "full/r"], "the file of --json lies in it"),
            (["--force", "--export", "/made::full", "--trace=wasi", "--trace-file", "full/t"],
             "the file of --trace-file lies in it"),
        ]
        for options, message in cases:
            with self.subTest(options=options):
                self.check(["--default-tree", *options, module("hello")], 125, "", message)
                for path in ["full/r", "full/t"]:
                    pathlib.Path(path).unlink(missing_ok=True)
                self.assert_names("full", "free", "same")
                self.assertEqual((os.listdir("full"), os.listdir("free")), (["x"], []))

    def test_missing_guest_path_is_misuse_after_the_output(self):
        _, stdout, stderr = self.check(["--export", "/nope::out", module("hello")], 125, "hello\n")
        self.assertEqual(stderr, "err\nreprise: --export /nope::out: /nope: there is nothing of that name\n")
        _, _, stderr = self.check(["--default-tree", "--export", "/nope::out", "--invoke", "exit", module("writer"), "3"], 125)
        self.assertIn("there is nothing of that name (the program exited with 3)", stderr)
        self.assert_names()
        value = self.result("--default-tree", "--export", "/nope::out", "--invoke", "exit", module("writer"), "3", code=125)
        self.assertEqual((value["outcome"], value["exit_code"], value["error"]["code"]), ("exited", 3, "ERROR_NOT_FOUND"))

    def test_device_is_no_export(self):
        self.check(["--default-tree", "--export", "/dev/null::out", module("hello")], 125, "hello\n")
        self.check(["--default-tree", "--export", "/dev::out", module("hello")], 0, "hello\n")
        self.assertEqual(os.listdir("out"), [])

    def test_exports_come_in_order_and_each_is_whole(self):
        self.check(["--default-tree", "--export", "/made::a", "--export", "/made/file::b", "--export", "/no::c", "--export",
                    "/made::d", module("writer")], 125, "", "--export /no::c")
        self.assert_names("a", "b")

    def test_full_disk_is_a_host_failure_and_leaves_nothing(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        done = subprocess.run([command.PROGRAM, "--default-tree", "--vfs-max", "1MiB", "--json", "-", "--export", "/made::out",
                               "--invoke", "fill", module("writer")], capture_output=True, preexec_fn=limit,
                              restore_signals=False)
        self.assertEqual(done.returncode, 123, done)
        self.assertIn(b"--export /made::out: out/file: the file cannot be written: File too large", done.stderr)
        value = read_json(done.stdout.decode().splitlines(keepends=True)[-1])
        self.assertEqual((value["outcome"], value["error"]["code"]), ("host_failure", "ERROR_IO"))
        self.assert_names()

    def test_interrupt_leaves_nothing(self):
        os.mkdir("in")
        for i in range(150):
            pathlib.Path(f"in/{i}").write_text("x")
        arguments = [option for i in range(40) for option in ["--dir", f"in::/{i}"]]
        process = subprocess.Popen([command.PROGRAM, *arguments, "--export", "/::out", "--json", "result.json",
                                    module("hello")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and not any(name.startswith(".out") for name in os.listdir()):
            time.sleep(0.001)
        for _ in range(3):  # the check before the run makes and removes the same
            time.sleep(0.02)
            if any(name.startswith(".out") for name in os.listdir()):
                break
        while process.poll() is None and not any(name.startswith(".out") for name in os.listdir()):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        stderr = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 130, stderr)
        self.assertIn(b"--export /::out: interrupted; nothing is written", stderr)
        self.assert_names("in", "result.json")
        value = read_json(pathlib.Path("result.json").read_text())
        self.assertEqual((value["outcome"], value["exit_code"]), ("returned", 0))

    def test_umask_takes_from_the_modes(self):
        def mask():
            os.umask(0o077)
        subprocess.run([command.PROGRAM, "--default-tree", "--export", "/made::out", module("writer")], check=True,
                       preexec_fn=mask)
        self.assertEqual((listing("out")["."][1], listing("out")["file"][1]), (0o700, 0o600))

    def test_folder_can_be_changed_in_place(self):
        os.mkdir("work")
        pathlib.Path("work/old").write_text("kept")
        self.check(["--dir", "work::/", "--force", "--export", "/::work", module("writer")], 0, "", "")
        self.assertEqual(sorted(listing("work")), [".", "made", "made/file", "made/hard", "made/link", "old"])
        self.assertEqual(pathlib.Path("work/old").read_text(), "kept")


class Imports(FolderTest):
    def fill(self, name, backwards):
        """The same tree, made in one order or the other, with other times and modes."""
        files = [("b", "bee"), ("a", "ay"), ("sub/x", "ex"), ("sub/é", "e"), ("Z", "")]
        os.makedirs(f"{name}/sub", mode=0o700 if backwards else 0o755)
        for path, text in reversed(files) if backwards else files:
            path = pathlib.Path(name) / path
            path.write_text(text)
            path.chmod(0o600 if backwards else 0o755)
            if backwards:
                os.utime(path, ns=(5, 7))
        os.symlink("sub/../a", f"{name}/link")
        if backwards and os.geteuid() == 0:
            os.chown(f"{name}/a", 12345, 12345)

    def test_equal_contents_give_equal_runs_gas_hashes_and_exports(self):
        results = []
        for i in range(2):
            os.mkdir(f"host{i}")
            os.chdir(f"host{i}")
            self.fill("in", i == 1)
            done = subprocess.run([command.PROGRAM, "--json", "result.json", "--trace=wasi", "--dir", "in::/in", "--dir",
                                   "in::/again:ro", "--export", "/::out", module("writer")], capture_output=True,
                                  umask=0o022)
            results.append((done.returncode, done.stdout, done.stderr, read_json(pathlib.Path("result.json").read_text()),
                            listing("out")))
            os.chdir("..")
        self.assertEqual(results[0], results[1])
        value, tree = results[0][3:]
        self.assertEqual([list(item) for item in value["imports"]], [["host", "guest", "hash"]] * 2)
        self.assertEqual(value["imports"][0]["hash"], value["imports"][1]["hash"])
        self.assertEqual(tree["in/sub/é"][3], b"e")
        self.assertEqual(tree["in/link"][3], "sub/../a")
        self.assertEqual({entry[2] for entry in tree.values()}, {VIRTUAL_TIME_NS})
        self.assertIn("in/made/file", tree)
        pathlib.Path("host1/in/Z").write_text("other")
        other = self.result("--dir", "host1/in::/in", module("writer"))
        self.assertNotEqual(other["imports"][0]["hash"], value["imports"][0]["hash"])

    def test_exported_import_has_the_hash_of_the_original(self):
        self.fill("in", False)
        first = self.result("--dir", "in::/x", "--export", "/x::out", module("hello"))
        second = self.result("--dir", "out::/x", module("hello"))
        self.assertEqual(first["imports"][0]["hash"], second["imports"][0]["hash"])

    def test_hash_is_the_documented_one(self):
        import hashlib

        def sized(tag, data):
            return tag + len(data).to_bytes(4, "little") + data

        def file(data):
            return b"f" + data + b"F" + len(data).to_bytes(8, "little")
        self.fill("in", False)
        sub = b"d" + sized(b"n", b"x") + file(b"ex") + sized(b"n", "é".encode()) + file(b"e") + b"e"
        root = (b"d" + sized(b"n", b"Z") + file(b"") + sized(b"n", b"a") + file(b"ay") + sized(b"n", b"b") + file(b"bee") +
                sized(b"n", b"link") + sized(b"l", b"sub/../a") + sized(b"n", b"sub") + sub + b"e")
        value = self.result("--dir", "in::/x", module("hello"))
        self.assertEqual(value["imports"][0]["hash"], hashlib.blake2b(root, digest_size=32).hexdigest())

    def test_imports_are_in_the_result_of_refused_runs_too(self):
        self.fill("in", False)
        value = self.result("--dir", "in::/x", module("imports"), code=126)
        self.assertEqual((value["imports"][0]["host"], value["imports"][0]["guest"]), ("in", "/x"))
        value = self.result("--dir", "in::/x", "--dir", "nowhere", module("hello"), code=125)
        self.assertEqual(len(value["imports"]), 1)
        self.assertEqual((value["outcome"], value["error"]["code"]), (None, "ERROR_IO"))

    def test_read_only_folder_is_not_written(self):
        os.mkdir("in")
        self.check(["--dir", "in::/in:ro", "--export", "/in::out", module("writer")], 0, "", "")
        self.assertEqual(os.listdir("out"), [])
        self.check(["--dir", "in::/in", "--export", "/in::out", module("writer")], 0, "", "")
        self.assertEqual(os.listdir("out"), ["made"])
        self.assertEqual(os.listdir("in"), [])

    def test_default_tree_comes_first_and_is_merged(self):
        os.mkdir("in")
        pathlib.Path("in/file.txt").write_text("text\n")
        self.check(["--dir", "in::/in", "--default-tree", "--export", "/::first", module("writer")], 0, "", "")
        self.assertIn("made/file", listing("first"))  # the writer's folder is the first that is open to it
        self.assertIn("in/file.txt", listing("first"))
        self.check(["--default-tree", "--dir", "in::/tmp", "--export", "/::out", module("hello")], 0, "hello\n")
        names = [name for name, entry in listing("out").items() if name != "."]
        self.assertEqual(sorted(names), ["bin", "dev", "home", "home/user", "tmp", "tmp/file.txt", "usr", "usr/bin"])
        os.mkdir("bad")
        os.mkdir("bad/dev")
        pathlib.Path("bad/dev/null").write_text("")
        self.check(["--default-tree", "--dir", "bad::/", module("hello")], 125, "", "bad/dev/null")


class Limits(FolderTest):
    def test_tree_ends_exactly_at_its_limit(self):
        os.mkdir("in")
        # made and file are names of 4 bytes, charged 32 more each; then whole pages
        for pages, rest, expected in [(0, 0, 0), (0, 4095, 0), (1, 0, 4096), (24, 0, 24 * 4096), (24, 4095, 24 * 4096)]:
            limit = 2 * (32 + 4) + pages * 4096 + rest
            self.check(["--dir", "in::/", "--vfs-max", str(limit), "--invoke", "fill", module("writer")], 0,
                       f"51\n{expected}\n", "")
        self.check(["--dir", "in::/", "--vfs-max", "0", "--export", "/::out", module("writer")], 0)
        self.assertEqual(os.listdir("out"), [])

    def test_output_ends_exactly_at_its_limit(self):
        for limit in [1, 9, 10, 11, 25, 100]:
            done = run("--output-max", str(limit), "--invoke", "say", module("writer"))
            self.assertEqual(done, (0, "\0" * limit + f"19\n{limit}\n", ""))
        self.check(["--output-max", "9", module("hello")], 0, "hello\n", None)

    def test_results_and_messages_do_not_count_as_output(self):
        self.check(["--output-max", "1", "--invoke", "div", module("functions"), "4", "2"], 0, "2\n", "")

    def test_import_that_does_not_fit_names_need_and_limit(self):
        os.mkdir("in")
        pathlib.Path("in/a").write_text("x")
        need = 32 + 1 + 4096 + 32 + 2
        self.check(["--vfs-max", str(need), "--dir", "in::/in", module("hello")], 0)
        self.check(["--vfs-max", str(need - 1), "--dir", "in::/in", module("hello")], 125, "",
                   f"--dir in::/in: in: it needs {need} bytes in the guest's tree, of which 0 are used; the limit is "
                   f"{need - 1}; --vfs-max BYTES sets the limit of the tree")
        self.check(["--vfs-max", "100", "--default-tree", module("hello")], 125, "", "--default-tree: ")


class Input(FolderTest):
    def test_stdin_can_be_a_file(self):
        pathlib.Path("text").write_bytes(b"line\n" * 1000)
        done = subprocess.run([command.PROGRAM, "--stdin", "text", module("cat")], input=b"other", stdout=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stdout), (0, b"line\n" * 1000))
        self.check(["--stdin", "/dev/null", module("cat")], 0, "", "")
        self.assertEqual(run("--stdin", "-", module("cat"), stdin=b"real")[:2], (0, "real"))

    def test_stdin_can_be_a_pipe(self):
        os.mkfifo("pipe")
        process = subprocess.Popen([command.PROGRAM, "--stdin", "pipe", module("cat")], stdout=subprocess.PIPE)
        with open("pipe", "wb") as pipe:
            pipe.write(b"through")
        self.assertEqual((process.communicate()[0], process.returncode), (b"through", 0))

    def test_interrupt_ends_waiting_for_a_pipe(self):
        os.mkfifo("pipe")
        process = subprocess.Popen([command.PROGRAM, "--stdin", "pipe", module("cat")], stderr=subprocess.DEVNULL)
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=30), 130)

    def test_unreadable_stdin_is_named_before_anything_runs(self):
        pathlib.Path("secret").touch(mode=0)
        for path, text in [("nowhere", "No such file or directory"), (".", "Is a directory"), ("secret", "Permission denied")]:
            if path != "secret" or os.geteuid() != 0:
                self.check(["--stdin", path, module("hello")], 125, "", f"--stdin {path}: {text}")
        self.check(["--stdin", "", module("hello")], 125, "", "the path is empty")

    def test_how_stdin_comes_changes_no_gas(self):
        pathlib.Path("text").write_bytes(b"x" * 1000)
        first = self.result("--stdin", "text", module("cat"))
        second = self.result("--stdin", "/dev/null", module("cat"))
        self.assertGreater(first["gas_used"], second["gas_used"])
        self.assertEqual(first, self.result("--stdin", "text", module("cat")))


class Codes(CommandTest):
    def test_every_exit_code_passes_through(self):
        for code in range(256):
            self.assertEqual(run("--invoke", "exit", module("functions"), str(code)), (code, "", ""))

    def test_larger_codes_are_255_and_whole_in_the_result(self):
        for code in [256, 257, 511, 65536, 2**31, 2**32 - 1]:
            value = self.result("--invoke", "exit", module("functions"), str(code), code=255)
            self.assertEqual((value["outcome"], value["exit_code"]), ("exited", code))

    def test_raised_signal_ends_as_the_documented_code(self):
        for number, code in [(2, 130), (6, 134), (9, 137), (15, 143)]:
            self.check(["--invoke", "raise", module("writer"), str(number)], code, "")


class Misuse(CommandTest):
    def test_bad_values_are_named(self):
        hello = module("hello")
        cases = [
            (["--vfs-max", "x", hello], "--vfs-max x: is not a number of bytes"),
            (["--vfs-max", "", hello], "--vfs-max : is not a number of bytes"),
            (["--vfs-max", "-1", hello], "--vfs-max -1: is not a number of bytes"),
            (["--vfs-max", "1XB", hello], "--vfs-max 1XB: has an unknown unit"),
            (["--vfs-max", "16777216TiB", hello], "--vfs-max 16777216TiB: does not fit into 64 bits"),
            (["--vfs-max", "1", "--vfs-max", "2", hello], "--vfs-max 2: the option is given twice"),
            (["--vfs-max"], "--vfs-max needs a value: --vfs-max BYTES"),
            (["--output-max", "0", hello], "--output-max 0: must be at least 1"),
            (["--output-max", "1.5", hello], "--output-max 1.5: has an unknown unit"),
            (["--output-max", "1", "--output-max=1", hello], "--output-max 1: the option is given twice"),
            (["--output-max"], "--output-max needs a value"),
            (["--stdin", "/dev/null", "--stdin", "-", hello], "--stdin -: the option is given twice"),
            (["--stdin"], "--stdin needs a value: --stdin FILE"),
            (["--export"], "--export needs a value: --export GUEST::HOST"),
            (["--default-tree=1", hello], "--default-tree 1: the option takes no value"),
            (["--force=yes", hello], "--force yes: the option takes no value"),
            (["--exports", "a::b", hello], "did you mean --export?"),
            (["--vfs-size", "1", hello], "there is no option --vfs-size"),
            (["--dir", "/tmp::/x:rw", "--dir", "/nowhere", hello], "--dir "),
        ]
        for arguments, message in cases:
            with self.subTest(arguments=arguments):
                self.check(["run", *arguments], 125, "", message)
        for name in ["--export", "--vfs-max", "--output-max", "--stdin", "--default-tree", "--force"]:
            for other in ["validate", "inspect", "disasm", "instrument"]:
                self.check([other, name, hello], 125, "", f"{name} is no option of `reprise {other}`")

    def test_strict_has_a_tree_but_no_functions_for_it(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            self.check(["--strict", "--default-tree", "--export", f"/tmp::{out}", module("reactor"), "--invoke", "get"], 126)
            self.check(["--strict", "--default-tree", "--export", f"/tmp::{out}", "--invoke", "get", module("reactor")], 0)
            self.assertEqual(os.listdir(folder), ["out"])
            self.check(["--strict", "--export", f"/tmp::{out}2", module("hello")], 126, "", "--strict offers no WASI")
            self.assertEqual(os.listdir(folder), ["out"])


if __name__ == "__main__":
    command.main()
