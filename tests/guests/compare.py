"""Runs a job under every engine and compares the answers with each other and with what the job declares."""
import difflib
import hashlib
import re
import shutil
import subprocess

from engines import Golden, Run

DIFF_LINES_SHOWN = 12


def read_tree(folder):
    """Every name below a folder, as kind and content."""
    tree = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            tree[name] = ("symlink", path.readlink().as_posix().encode())
        elif path.is_dir():
            tree[name] = ("folder", b"")
        else:
            tree[name] = ("file", path.read_bytes())
    return tree


def mask_tree(job, tree):
    """The tree with the bytes zeroed that the job does not compare with other engines."""
    masked = dict(tree)
    for name, ranges in job.mask.items():
        if masked.get(name, ("",))[0] == "file":
            data = bytearray(masked[name][1])
            for offset, size in ranges:
                data[offset : offset + size] = bytes(len(data[offset : offset + size]))
            masked[name] = ("file", bytes(data))
    return masked


def prepare_folder(guest, job, folder):
    folder.mkdir(parents=True)
    for name in job.files:
        source, target = guest.folder / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copyfile(source, target)


def run_job(guest, job, engine, place):
    """All steps on a fresh folder; answers the list of answers and the tree at the end."""
    if place.exists():
        shutil.rmtree(place)
    folder = place / "job"
    prepare_folder(guest, job, folder)
    answers = []
    for number, step in enumerate(job.steps, 1):
        notes = place / f"step{number}"
        notes.mkdir()
        answers.append(engine.run_step(Run(guest, step, folder, notes)))
        if answers[-1].ends != "exited":
            break
    return answers, read_tree(folder)


def split(data):
    return data.decode("utf-8", errors="backslashreplace").splitlines()


def diff_bytes(ours, theirs):
    """The differing lines, ours with -, theirs with +."""
    lines = difflib.unified_diff(split(ours), split(theirs), lineterm="", n=0)
    found = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    return found or [f"-{len(ours)} bytes", f"+{len(theirs)} bytes, different line ends"]


def diff_trees(ours, theirs):
    lines = []
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        if mine == other:
            continue
        for sign, item in (("-", mine), ("+", other)):
            if item:
                lines.append(f"{sign}{item[0]} {name}" + (f", {len(item[1])} bytes" if mine and other else ""))
    return lines


def compare_answers(ours, theirs):
    """aspect: differing lines. What an oracle does not say is not compared."""
    if theirs.ends != ours.ends:
        return {"ends": [f"-{ours.ends}", f"+{theirs.ends}"]}
    found = {}
    if theirs.exit_code != ours.exit_code and ours.ends == "exited":
        found["exit_code"] = [f"-{ours.exit_code}", f"+{theirs.exit_code}"]
    if theirs.stdout != ours.stdout:
        found["stdout"] = diff_bytes(ours.stdout, theirs.stdout)
    # The engine's own words about a trap are on stderr too.
    if theirs.stderr != ours.stderr and ours.ends == "exited":
        found["stderr"] = diff_bytes(ours.stderr, theirs.stderr)
    return found


def sum_tree(tree):
    """The files of a tree as `sha256sum` writes them."""
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, (kind, content) in tree.items() if kind == "file"]
    return "".join(sums).encode()


def compare_golden(guest, job, answers, tree):
    folder = guest.folder / "golden" / job.name
    found, last = {}, len(answers)
    for name in ("stdout", "stderr"):
        path = folder / name
        if path.is_file() and path.read_bytes() != getattr(answers[-1], name):
            found[last, name] = diff_bytes(getattr(answers[-1], name), path.read_bytes())
    if (folder / "files").is_dir() and (lines := diff_trees(tree, read_tree(folder / "files"))):
        found[last, "files"] = lines
    sums = folder / "files.sha256"
    if sums.is_file() and sums.read_bytes() != sum_tree(tree):
        found[last, "files"] = diff_bytes(sum_tree(tree), sums.read_bytes())
    if not folder.is_dir():
        found[last, "ends"] = [f"-{answers[-1].ends}", "+no golden folder"]
    return found


def compare_runs(ours, our_tree, theirs, their_tree):
    """(step, aspect): differing lines."""
    found = {}
    for number, (mine, other) in enumerate(zip(ours, theirs), 1):
        found.update({(number, what): lines for what, lines in compare_answers(mine, other).items()})
    if not any(what == "ends" for _, what in found) and (lines := diff_trees(our_tree, their_tree)):
        found[len(ours), "files"] = lines
    return found


def show(lines):
    shown = [f"  {line}" for line in lines[:DIFF_LINES_SHOWN]]
    return "\n    ".join(shown + ([f"  … {len(lines)} lines in all"] if len(lines) > DIFF_LINES_SHOWN else []))


def judge(job, oracle, found, words=""):
    """The problems: what differs and is not declared, and the other way around."""
    problems = []
    declared = {(item.step, what): item for item in job.differences if item.oracle == oracle for what in item.what}
    for (number, what), lines in found.items():
        item = declared.pop((number, what), None)
        if item is None:
            problems.append(f"{oracle}, step {number}: {what} differs (- ours, + theirs) {words}\n    {show(lines)}")
        elif item.diff is not None and item.diff != lines:
            problems.append(f"{oracle}, step {number}: {what} differs otherwise than declared\n    {show(lines)}")
    for number, what in declared:
        problems.append(f"{oracle}, step {number}: {what} does not differ, but the job declares it")
    return problems


def check_expected(job, answers):
    """What the job says of Reprise alone."""
    problems = []
    for number, (step, answer) in enumerate(zip(job.steps, answers), 1):
        if answer.ends != step.ends:
            problems.append(f"step {number}: {answer.ends}, expected {step.ends}: {answer.words}")
        elif answer.words and step.ends == "exited":
            problems.append(f"step {number}: {answer.words}")
        if step.ends == "exited" and answer.exit_code != step.exit_code:
            text = (answer.stderr or b"").decode(errors="replace").strip()[-1000:]
            problems.append(f"step {number}: exit code {answer.exit_code}, expected {step.exit_code}: {text}")
        for pattern in step.stdout_has:
            if answer.stdout is None or not re.search(pattern.encode(), answer.stdout, re.MULTILINE):
                problems.append(f"step {number}: stdout has no {pattern!r}")
    return problems


def check_by_command(job, folder):
    """The job's own command on the files that Reprise has written."""
    if not job.check or not shutil.which(job.check[0]):
        return []
    ended = subprocess.run(job.check, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if ended.returncode == 0 and ended.stdout == job.check_prints.encode():
        return []
    return [f"check: exit code {ended.returncode}, {ended.stdout!r}, {ended.stderr!r}"]


def check_twice(first, first_tree, second, second_tree):
    found = compare_runs(first, first_tree, second, second_tree)
    problems = [f"two runs, step {number}: {what} differs\n    {show(lines)}" for (number, what), lines in found.items()]
    for number, (one, two) in enumerate(zip(first, second), 1):
        if one.gas != two.gas:
            problems.append(f"two runs, step {number}: gas {one.gas} and {two.gas}")
    return problems


def total(values):
    values = list(values)
    return None if None in values else sum(values)


def start_row(guest, job):
    return {"guest": guest.title, "job": job.name, "waits": bool(guest.needs), "reprise": None, "gas": None, "agreed": [],
            "differed": [], "differences": []}


def run_waiting_job(guest, job, oracles, place):
    """A job of a guest that Reprise refuses yet: each oracle must answer what the job expects. As compare_job."""
    row, problems = start_row(guest, job), []
    for oracle in oracles:
        answers, _ = run_job(guest, job, oracle, place / oracle.name)
        row[oracle.name] = total(answer.seconds for answer in answers)
        problems += [f"{oracle.name}, {problem}" for problem in check_expected(job, answers)]
    return row, problems


def compare_job(guest, job, reprise, oracles, place):
    """The row of the table and the list of problems."""
    ours, tree = run_job(guest, job, reprise, place / "reprise")
    row = {**start_row(guest, job), "reprise": total(answer.seconds for answer in ours),
           "gas": total(answer.gas for answer in ours)}
    problems = check_expected(job, ours)
    if problems:
        return row, problems
    problems = check_twice(ours, tree, *run_job(guest, job, reprise, place / "again"))
    problems += check_by_command(job, place / "reprise" / "job")
    for oracle in oracles:
        words = ""
        if isinstance(oracle, Golden):
            found = compare_golden(guest, job, ours, tree)
        else:
            theirs, their_tree = run_job(guest, job, oracle, place / oracle.name)
            words = theirs[-1].words
            row[oracle.name] = total(answer.seconds for answer in theirs)
            found = compare_runs(ours, mask_tree(job, tree), theirs, mask_tree(job, their_tree))
        problems += judge(job, oracle.name, found, words)
        row["differed" if found else "agreed"].append(oracle.name)
    names = [oracle.name for oracle in oracles]
    row["differences"] = [item for item in job.differences if item.oracle in names]
    return row, problems
