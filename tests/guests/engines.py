"""The engines: each runs one step of a job in a folder and tells how it went."""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
SOURCE = pathlib.Path(os.environ.get("REPRISE_SOURCE_DIR", HERE.parents[1]))
BINARY = pathlib.Path(os.environ.get("REPRISE_BINARY_DIR", SOURCE / "build/release"))
PEERS = pathlib.Path(os.environ.get("REPRISE_PEERS_DIR", SOURCE / "build/peers"))
GUESTS = pathlib.Path(os.environ.get("REPRISE_GUESTS_DIR", SOURCE / "build/guests"))
REPRISE_TIMEOUT = 1200


@dataclasses.dataclass
class Answer:
    """How a step ended. None: this oracle does not say."""
    ends: str = None
    exit_code: int = None
    stdout: bytes = None
    stderr: bytes = None
    seconds: float = None
    gas: int = None
    words: str = ""


@dataclasses.dataclass
class Run:
    """One step in the words of every engine."""
    guest: object
    step: object
    folder: pathlib.Path  # the job's folder, read and written
    notes: pathlib.Path   # a folder beside it, for our own files
    cache: pathlib.Path = None

    def arguments(self, folder):
        return [word.replace("{dir}", folder) for word in self.guest.args + self.step.args]

    @property
    def environment(self):
        return {"LC_ALL": "C", **self.guest.env, **self.step.env}

    @property
    def stdin(self):
        path = self.notes / "stdin"
        if self.step.stdin_file:
            shutil.copyfile(self.guest.folder / self.step.stdin_file, path)
        else:
            path.write_text(self.step.stdin, encoding="utf-8")
        return path

    @property
    def module(self):
        name = self.step.module or self.guest.module
        return self.folder / name[2:] if name.startswith("./") else GUESTS / name

    @property
    def argv0(self):
        return pathlib.PurePath(self.step.module).name or self.guest.argv0

    @property
    def mounts(self):
        return {guest: GUESTS / folder for guest, folder in self.guest.mounts.items()}


def start(command, run, timeout, **options):
    """Runs a command with the step's stdin; answers its code (None: hung), stdout, stderr and wall time."""
    out, err = run.notes / "stdout", run.notes / "stderr"
    began = time.perf_counter()
    with open(run.stdin, "rb") as stdin, open(out, "wb") as stdout, open(err, "wb") as stderr:
        try:
            code = subprocess.run([str(word) for word in command], stdin=stdin, stdout=stdout, stderr=stderr,
                                  timeout=timeout, **options).returncode
        except subprocess.TimeoutExpired:
            code = None
    return code, out.read_bytes(), err.read_bytes(), time.perf_counter() - began


class Reprise:
    name = "reprise"

    def __init__(self, program):
        self.program = program

    def lacking_feature(self, guest):
        """The feature of WebAssembly for whose want the guest is refused, or ""."""
        ended = subprocess.run([self.program, "validate", GUESTS / guest.module], capture_output=True, text=True)
        found = re.search(r'needs the feature "([^"]+)"', ended.stderr)
        return found[1] if found else ""

    def run_step(self, run):
        mount, out, result = run.guest.mount, run.notes / "out", run.notes / "result.json"
        command = [self.program, "run", "--json", result, "--argv0", run.argv0, *run.guest.options, *run.step.options]
        for key, value in run.environment.items():
            command += ["--env", f"{key}={value}"]
        command += ["--dir", f"{run.folder}::{mount}"]
        for guest, folder in run.mounts.items():
            command += ["--dir", f"{folder}::{guest}:ro"]
        command += ["--export", f"{mount}::{out}", run.module, *run.arguments(mount)]
        code, stdout, stderr, seconds = start(command, run, REPRISE_TIMEOUT)
        if code is None:
            return Answer(ends="hung", seconds=seconds)
        try:
            told = json.loads(result.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Answer(ends="refused", stderr=stderr, seconds=seconds, words=stderr.decode(errors="replace").strip())
        ends = {"returned": "exited", "exited": "exited"}.get(told["outcome"], told["outcome"])
        exit_code = told["exit_code"] if told["outcome"] == "exited" else code
        words = "" if ends == "exited" else stderr.decode(errors="replace").strip()[-2000:]
        if ends == "exited":
            if exit_code != code:
                words = f"the command's exit code is {code}, the guest's {exit_code}"
            shutil.rmtree(run.folder)
            out.rename(run.folder)
        return Answer(ends, exit_code, stdout, stderr, seconds, told["gas_used"], words)


class Peer:
    """An engine behind a program of ours that reads a description and writes how the run ended."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def run_step(self, run):
        result = run.notes / "result.json"
        told = {
            "module": str(run.module),
            "cache": str(GUESTS / ".compiled"),
            "args": [run.argv0, *run.arguments(run.guest.mount)],
            "env": run.environment,
            "preopens": {run.guest.mount: str(run.folder)},
            "read_only": {guest: str(folder) for guest, folder in run.mounts.items()},
            "stubs": "--unknown-imports" in run.guest.options,
            "result": str(result),
        }
        description = run.notes / "description.json"
        description.write_text(json.dumps(told), encoding="utf-8")
        code, stdout, stderr, seconds = start([*self.command, description], run, run.step.timeout,
                                              env={**os.environ, "NODE_OPTIONS": ""})
        if code is None:
            return Answer(ends="hung", seconds=seconds)
        if not result.is_file():
            return Answer(ends="crashed", seconds=seconds,
                          words=f"exit code {code}: " + stderr.decode(errors="replace").strip()[-1000:])
        ended = json.loads(result.read_text(encoding="utf-8"))
        seconds = ended.get("seconds", seconds)
        return Answer(ended["ends"], ended["exit_code"], stdout, stderr, seconds, words=ended.get("words", ""))


class Native:
    name = "native"

    def __init__(self, command):
        self.command = command

    def run_step(self, run):
        command = [*self.command, *run.arguments(str(run.folder))]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(run.notes), **run.environment}
        code, stdout, stderr, seconds = start(command, run, run.step.timeout, cwd=run.folder, env=environment)
        if code is None:
            return Answer(ends="hung", seconds=seconds)
        return Answer("exited" if code >= 0 else "trapped", code, stdout, stderr, seconds)


class Golden:
    """Files of this repository instead of a run; it says nothing of a step but the last one."""
    name = "golden"


def is_module_there(guest):
    modules = {guest.module} | {step.module for job in guest.jobs for step in job.steps if step.module}
    modules = {name for name in modules if not name.startswith("./")}
    return all((GUESTS / name).is_file() for name in modules) and all((GUESTS / folder).is_dir() for folder in guest.mounts.values())


def find_engine(guest, name):
    if name == "golden":
        return Golden()
    if name == "native":
        return Native(guest.native) if shutil.which(guest.native[0]) else None
    if name == "node":
        node = PEERS / "node-20/bin/node"
        # Without the second switch node 20 corrupts its heap in WASI calls.
        switches = ["--no-warnings", "--no-turbo-fast-api-calls"]
        return Peer(name, [node, *switches, HERE / "run_node.mjs"]) if node.is_file() else None
    python = PEERS / "venv/bin/python"
    return Peer(name, [python, HERE / "run_wasmtime.py"]) if python.is_file() else None


def find_engines(guest, names):
    """The engines of these names, and the names of those that are absent."""
    found = {name: find_engine(guest, name) for name in names}
    return [engine for engine in found.values() if engine], [name for name, engine in found.items() if not engine]


def find_reprise(program):
    path = pathlib.Path(program) if program else BINARY / "bin/reprise"
    if not path.is_file():
        sys.exit(f"run: no {path}: build it, or name it with --reprise or REPRISE")
    return Reprise(path.resolve())
