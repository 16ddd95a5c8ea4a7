"""The parts of docs/guests.md that derive from the descriptions: run --document writes them, test_runner.py compares."""
import pathlib

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs/guests.md"
BEGIN, END = "<!-- from tests/guests/jobs: run --document -->", "<!-- end -->"
NAMES = {"node": "node", "wasmtime": "wasmtime", "native": "the native program", "golden": "golden files"}


def row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def guest_rows(guests):
    lines = [row("guest", "file", "jobs", "quick (`--ci`)", "compared with"), "|---|---|---|---|---|"]
    for guest in guests:
        oracles = ", ".join(NAMES[name] for name in guest.oracles)
        quick = sum(job.ci for job in guest.jobs)
        jobs = f"{len(guest.jobs)}, which wait for {guest.needs}" if guest.needs else str(len(guest.jobs))
        lines.append(row(guest.title, f"`{guest.module}`", jobs, str(quick), oracles))
    return lines


def difference_rows(guests):
    """Equal differences of several programs are one row."""
    merged = {}
    for guest in guests:
        for job in guest.jobs:
            for item in job.differences:
                programs = merged.setdefault((item.call, item.oracle, item.theirs, item.ours, item.section), {})
                names = programs.setdefault(guest.title, [])
                if job.name not in names:
                    names.append(job.name)
    lines = [row("program (jobs)", "call", "engine", "theirs", "ours", "section"), "|---|---|---|---|---|---|"]
    for (call, oracle, theirs, ours, section), programs in sorted(merged.items()):
        shown = "; ".join(f"{title} ({', '.join(names)})" for title, names in programs.items())
        lines.append(row(shown, call, oracle, theirs, ours, section))
    return lines


def derive(text, guests):
    """The document with its derived parts as they must be."""
    parts = [guest_rows(guests), difference_rows(guests)]
    pieces = text.split(BEGIN)
    assert len(pieces) == len(parts) + 1, "docs/guests.md has not the marks of its derived parts"
    for index, lines in enumerate(parts, 1):
        _, rest = pieces[index].split(END, 1)
        pieces[index] = "\n" + "\n".join(lines) + "\n" + END + rest
    return BEGIN.join(pieces)


def write_document(guests):
    DOCUMENT.write_text(derive(DOCUMENT.read_text(encoding="utf-8"), guests), encoding="utf-8")
