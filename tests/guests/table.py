"""The table at the end: wall time, gas, who agreed; and the declared differences."""

COLUMNS = ("guest", "job", "reprise_s", "node_s", "wasmtime_s", "native_s", "gas", "agreed", "differed")
LEGEND = """Seconds are wall time. Reprise and node: the whole process, so reading, validating (and in node compiling) the module
are in it. wasmtime: reading the compiled module and running; compiling is done once and cached. Native: the process."""


def cells(row):
    seconds = ["" if row.get(name) is None else f"{row[name]:.2f}" for name in ("reprise", "node", "wasmtime", "native")]
    gas = "" if row["gas"] is None else str(row["gas"])
    return [row["guest"], row["job"], *seconds, gas, " ".join(row["agreed"]), " ".join(row["differed"])]


def print_table(rows):
    if not rows:
        return
    lines = [list(COLUMNS)] + [cells(row) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    print()
    for line in lines:
        shown = [cell.rjust(width) if 2 <= column <= 6 else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(shown).rstrip())
    print(f"\n{LEGEND}\n")
    items = [(row, item) for row in rows for item in row["differences"]]
    if items:
        print("differences from oracles, declared and seen:")
    for row, item in items:
        print(f"  {row['guest']}, {row['job']}: {item.call}: {item.oracle}: {item.theirs}; "
              f"Reprise: {item.ours} ({item.section})")


def write_tsv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS)] + ["\t".join(cells(row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    items = ["\t".join(("program", "call", "oracle", "theirs", "ours", "section"))]
    items += ["\t".join((f"{row['guest']}, {row['job']}", item.call, item.oracle, item.theirs, item.ours, item.section))
              for row in rows for item in row["differences"]]
    path.with_suffix(".differences.tsv").write_text("\n".join(items) + "\n", encoding="utf-8")
