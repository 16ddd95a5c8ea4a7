"""The descriptions of guests and jobs (the format: the head of `run`), read and checked."""
import dataclasses
import pathlib
import tomllib

JOBS = pathlib.Path(__file__).parent / "jobs"
ORACLES = ("node", "wasmtime", "native", "golden")
ASPECTS = ("ends", "exit_code", "stdout", "stderr", "files")


@dataclasses.dataclass
class Step:
    module: str = ""
    args: list = dataclasses.field(default_factory=list)
    stdin: str = ""
    stdin_file: str = ""
    exit_code: int = 0
    env: dict = dataclasses.field(default_factory=dict)
    options: list = dataclasses.field(default_factory=list)
    stdout_has: list = dataclasses.field(default_factory=list)
    ends: str = "exited"
    timeout: int = 300


@dataclasses.dataclass
class Difference:
    oracle: str
    what: list
    call: str
    theirs: str
    ours: str
    section: str
    step: int = 1
    diff: list = None


@dataclasses.dataclass
class Job:
    name: str
    steps: list
    ci: bool = False
    files: list = dataclasses.field(default_factory=list)
    check: list = dataclasses.field(default_factory=list)
    check_prints: str = ""
    mask: dict = dataclasses.field(default_factory=dict)
    differences: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Guest:
    name: str
    title: str
    module: str
    oracles: list
    jobs: list
    ci_oracles: list = None
    mount: str = "/job"
    mounts: dict = dataclasses.field(default_factory=dict)
    args: list = dataclasses.field(default_factory=list)
    argv0: str = ""
    files_from: str = ""
    env: dict = dataclasses.field(default_factory=dict)
    options: list = dataclasses.field(default_factory=list)
    native: list = dataclasses.field(default_factory=list)
    needs: str = ""

    @property
    def folder(self):
        return JOBS / (self.files_from or self.name)


def check(condition, text):
    if not condition:
        raise SystemExit(f"run: {text}")


def build(kind, table, place, **more):
    """A dataclass from a table of the file; a key that is not known is named."""
    known = {field.name for field in dataclasses.fields(kind)}
    for key in table:
        check(key in known and key not in more, f"{place}: unknown key {key}")
    try:
        return kind(**table, **more)
    except TypeError as error:
        raise SystemExit(f"run: {place}: {error}") from None


def build_job(guest, folder, table):
    table = dict(table)
    place = f"{guest}: job {table.get('name')}"
    steps, differences = table.pop("step", None), table.pop("difference", [])
    if steps is None:
        keys = {field.name for field in dataclasses.fields(Step)} & table.keys()
        steps = [{key: table.pop(key) for key in keys}]
    steps = [build(Step, step, place) for step in steps]
    differences = [build(Difference, difference, place) for difference in differences]
    job = build(Job, table, place, steps=steps, differences=differences)
    for difference in differences:
        check(difference.oracle in ORACLES, f"{place}: no oracle {difference.oracle}")
        check(set(difference.what) <= set(ASPECTS), f"{place}: what differs must be a list of {', '.join(ASPECTS)}")
        check(difference.diff is None or len(difference.what) == 1, f"{place}: `diff` is for one aspect")
        check(1 <= difference.step <= len(steps), f"{place}: no step {difference.step}")
    for name in job.files + [step.stdin_file for step in steps if step.stdin_file]:
        check((folder / name).exists(), f"{place}: {name} is not in {folder.name}/")
    return job


def load_guest(name):
    path = JOBS / f"{name}.toml"
    check(path.is_file(), f"no guest {name}; there are: {' '.join(sorted(p.stem for p in JOBS.glob('*.toml')))}")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    jobs = [build_job(name, JOBS / table.get("files_from", name), job) for job in table.pop("job", [])]
    names = [job.name for job in jobs]
    check(len(set(names)) == len(names), f"{name}: two jobs have one name")
    guest = build(Guest, table, name, name=name, jobs=jobs)
    guest.argv0 = guest.argv0 or pathlib.PurePath(guest.module).name
    guest.ci_oracles = guest.oracles if guest.ci_oracles is None else guest.ci_oracles
    for oracle in guest.oracles + guest.ci_oracles:
        check(oracle in ORACLES, f"{name}: no oracle {oracle}")
    return guest
