#!/usr/bin/env python3
"""Compares what libreprise promises to programs that are compiled already with the golden file golden/abi.txt.

usage: check_abi.py --library libreprise.so --include FOLDER --cc CC [--nm NM] [--rewrite]
       check_abi.py --self-test --include FOLDER --cc CC

Compared: the exported symbols with their versions; of every public struct the size and the place and size of each member; the
value of every enumerator. The structs and enums are found in the headers, so that none is forgotten. --rewrite replaces the
golden file; a line that is gone or has changed breaks programs, a new one does not.
"""
import argparse
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden/abi.txt"
HEADERS = ["reprise", "snapshot", "wasi", "sandbox"]


def strip(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.MULTILINE)


def member_names(body):
    """The members of a struct's body; those of a nested union as union.member."""
    names = []
    while True:
        nested = re.search(r"\b(?:union|struct)\s*\{([^{}]*)\}\s*(\w+)\s*;", body)
        if not nested:
            break
        names += [f"{nested[2]}.{name}" for name in member_names(nested[1])] + [nested[2]]
        body = body[:nested.start()] + body[nested.end():]
    for declaration in body.split(";"):
        if not declaration.strip():
            continue
        function = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
        if function:
            names.append(function[1])
            continue
        names += [re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part)[1] for part in declaration.split(",")]
    return names


def read_structs(text):
    """{struct: [members]} of `typedef struct NAME { … } NAME;`."""
    structs = {}
    for match in re.finditer(r"typedef struct (\w+)\s*\{", text):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        structs[match[1]] = member_names(text[match.end():at - 1])
    return structs


def read_enums(text, include):
    """The enumerators of `typedef enum NAME { … }`, those from .def files among them."""
    names = []
    for match in re.finditer(r"typedef enum (\w+)\s*\{(.*?)\}", text, re.DOTALL):
        body = match[2]
        listed = re.search(r'#define X\(name[^)]*\) (\w*)##name.*?#include "([\w/]+\.def)"', body, re.DOTALL)
        if listed:
            rows = strip((include / listed[2]).read_text(encoding="utf-8"))
            names += [listed[1] + row for row in re.findall(r"^X\((\w+)", rows, re.MULTILINE)]
        names += re.findall(r"\b(RP_\w+)\b\s*(?:=[^,]*)?(?:,|$)", re.sub(r"^\s*#.*$", "", body, flags=re.MULTILINE).strip())
    return names


def make_program(include):
    lines = ["#include <reprise/sandbox.h>", "#include <reprise/wasi.h>", "#include <stdio.h>", "int main(void)", "{"]
    structs, enums = {}, []
    for header in HEADERS:
        text = (include / f"reprise/{header}.h").read_text(encoding="utf-8")
        structs.update(read_structs(strip(text)))
        enums += read_enums(re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL), include)
    for name, members in structs.items():
        lines.append(f'    printf("struct {name} %zu\\n", sizeof({name}));')
        for member in members:
            lines.append(f'    printf("member {name}.{member} at %zu, %zu\\n", offsetof({name}, {member}), '
                         f"sizeof((({name} *)0)->{member}));")
    lines += [f'    printf("value {name} %lld\\n", (long long){name});' for name in enums]
    return "\n".join([*lines, "    return 0;", "}", ""])


def list_layouts(include, compiler, work):
    source, program = work / "abi.c", work / "abi"
    source.write_text(make_program(include), encoding="utf-8")
    subprocess.run([compiler, "-std=c11", f"-I{include}", str(source), "-o", str(program)], check=True)
    return subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()


def list_symbols(library, nm):
    text = subprocess.run([nm, "-D", "--defined-only", str(library)], check=True, capture_output=True, text=True).stdout
    return sorted(f"symbol {line.split()[-1]}" for line in text.splitlines() if line.split()[-2] != "A")


def check(options):
    with tempfile.TemporaryDirectory() as folder:
        found = list_symbols(options.library, options.nm)
        found += list_layouts(options.include, options.cc, pathlib.Path(folder))
    text = "".join(f"{line}\n" for line in found)
    if options.rewrite:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
        print(f"{GOLDEN}: {len(found)} lines")
        return 0
    golden = GOLDEN.read_text(encoding="utf-8").splitlines()
    differences = [line for line in difflib.unified_diff(golden, found, "golden/abi.txt", "this build", lineterm="", n=0)]
    print("\n".join(differences) if differences else f"{len(found)} lines agree")
    if differences:
        print("If the change is meant: tests/abi/check_abi.py --rewrite (CONTRIBUTING.md says when it may be).")
    return 1 if differences else 0


def self_test(options):
    """Changes that break compiled programs, planted in a copy of the headers, must each change a line."""
    plants = [
        ("reprise.h", "    bool metered; ", "    uint64_t planted;\n    bool metered; "),
        ("reprise.h", "    uint32_t exit_code;", "    uint64_t exit_code;"),
        ("reprise.h", "RP_EXTERN_TABLE,\n", "RP_EXTERN_PLANTED,\n    RP_EXTERN_TABLE,\n"),
        ("status.def", "X(ERROR_NO_MEMORY, 1,", "X(ERROR_NO_MEMORY, 77,"),
        ("sandbox.h", "    uint64_t gas_total;", "    uint32_t gas_total;"),
        ("reprise.h", "        uint8_t v128[16];", "        uint8_t v128[32];"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        right = list_layouts(options.include, options.cc, work)
        for name, old, new in plants:
            copy = work / "include/reprise"
            copy.mkdir(parents=True, exist_ok=True)
            for file in (options.include / "reprise").iterdir():
                text = file.read_text(encoding="utf-8")
                if file.name == name:
                    if old not in text:
                        print(f"self-test: {name} has no {old!r}")
                        return 1
                    text = text.replace(old, new, 1)
                (copy / file.name).write_text(text, encoding="utf-8")
            if list_layouts(work / "include", options.cc, work) == right:
                print(f"self-test: {new!r} in {name} was not found")
                return 1
    print(f"{len(plants)} planted changes: each one found")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=pathlib.Path)
    parser.add_argument("--include", type=pathlib.Path, required=True)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test(options)
    if options.library is None:
        parser.error("--library is missing")
    return check(options)


if __name__ == "__main__":
    sys.exit(main())
