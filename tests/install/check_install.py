#!/usr/bin/env python3
"""Installs the library into a fresh prefix, then builds and runs every example against it and nothing else.

usage: check_install.py --build FOLDER --source FOLDER --cc CC [--generator NAME]     exit 77 if guests cannot be built

Three ways: the CMake package with the shared library, the same with the static one, and pkg-config. What the examples print is
compared. The build folder must hold the libraries already.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EXAMPLES = ["counter", "ledger", "later", "plugin", "rollback"]


class Failed(Exception):
    pass


def run(command, environment=None, cwd=None, code=0):
    done = subprocess.run([str(word) for word in command], env=environment, cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    if done.returncode != code:
        raise Failed(f"{' '.join(map(str, command))}: code {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(found, wanted, what):
    if not re.fullmatch(wanted, found):
        raise Failed(f"{what}: found\n{found}\nwhich is not\n{wanted}")


def check_files(prefix):
    libraries = {path.name for path in prefix.rglob("libreprise*")}
    wanted = {"libreprise.so", "libreprise.so.0", "libreprise.so.0.1.0", "libreprise.a"}
    if libraries != wanted:
        raise Failed(f"libraries {sorted(libraries)}, expected {sorted(wanted)}")
    shared = next(prefix.rglob("libreprise.so.0.1.0"))
    dynamic = run(["readelf", "-d", shared])
    if "libreprise.so.0]" not in dynamic.split("SONAME", 1)[-1]:
        raise Failed(f"{shared}: no SONAME libreprise.so.0")
    for line in run(["nm", "-D", "--defined-only", shared]).splitlines():
        name = line.split()[-1]
        if name != "REPRISE_0.1" and not re.fullmatch(r"rp_\w+@@REPRISE_0\.1", name):
            raise Failed(f"{shared}: exports {name}")


def check_cplusplus(options, prefix, work):
    source = work / "headers.cc"
    source.write_text("#include <reprise/sandbox.h>\n#include <reprise/wasi.h>\nint main() { return RP_OK; }\n", encoding="utf-8")
    try:
        run([options.cc, "-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{prefix / 'include'}", "-fsyntax-only",
             source])
    except Failed as failure:
        if "cc1plus" not in str(failure):
            raise
        print("C++: this compiler has none, not checked")


def check_counter(program, guests, environment, work):
    state = work / "counter.wsnp"
    state.unlink(missing_ok=True)
    found = [run([program, guests / "counter.wasm", state, payload], environment)
             for payload in ['{"by":3}', "{}", '{"by":-10}']]
    wanted = ['{"count":3,"calls":1}\n', '{"count":4,"calls":2}\n', '{"count":-6,"calls":3}\n']
    if found != wanted:
        raise Failed(f"counter: {found}, expected {wanted}")
    run([program, guests / "counter.wasm", state, "{"], environment, code=1)
    damaged = bytearray(state.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    state.write_bytes(damaged)
    run([program, guests / "counter.wasm", state, "{}"], environment, code=1)


def check_rollback(program, guests, environment, _):
    found = run([program, guests / "game.wasm", 600], environment)
    expect(found, r"600 frames, [1-9]\d* rollbacks, score \d+:\d+, the same game as without delay\n", "rollback")


def check_ledger(program, guests, environment, _):
    found = run([program, guests / "bank.wasm", guests / "shop.wasm"], environment)
    gas = r"gas +\d+ of +10000  "
    expect(found, rf"mint      {gas}done\ntransfer  {gas}done\ntransfer  {gas}unreachable\n"
                  rf"buy       {gas}done -> 3\nbuy       {gas}done -> 0\nbuy       {gas}unreachable\n"
                  r"audit     gas +(\d+) of   5000  out of gas\n"
                  r"balances 305, 120, till 75; stock 7, refused 1\ncharged \d+ gas, exactly what was used\n", "ledger")
    if int(re.search(r"audit +gas +(\d+)", found)[1]) < 4990:
        raise Failed(f"ledger: a transaction without an end paid too little:\n{found}")


def check_later(program, guests, environment, work):
    state = work / "order.wsnp"
    totals = []
    for prices in [(40, 2), (-1, 1)]:
        expect(run([program, "ask", guests / "order.wasm", state, 7, 8], environment),
               r"request 1: price of article 7\?\n", "later")
        expect(run([program, "answer", state, prices[0]], environment), r"request 2: price of article 8\?\n", "later")
        totals.append(run([program, "answer", state, prices[1]], environment))
    expect("".join(totals), r"total 42, gas (\d+)\ntotal 0, gas \1\n", "later")


def check_plugin(program, guests, environment, _):
    names = ["upper", "floats", "greedy", "game"]
    found = run([program, "so be it", *(guests / f"{name}.wasm" for name in names)], environment)
    expect(found, r"\S+upper.wasm logs 10\n\S+upper.wasm answers \"SO BE IT\", gas \d+\n"
                  r"\S+floats.wasm is refused: INVALID_MODULE: .*float.*\n"
                  r"\S+greedy.wasm is stopped: GAS_EXHAUSTED: .+\n"
                  r"\S+game.wasm is refused: INVALID_MODULE: .*random_u64.*\n", "plugin")


def check_examples(folder, guests, environment, work):
    checks = {"counter": check_counter, "rollback": check_rollback, "ledger": check_ledger, "later": check_later,
              "plugin": check_plugin}
    for name in EXAMPLES:
        checks[name](folder / name, guests, environment, work)


def build_by_cmake(options, prefix, folder, static):
    command = ["cmake", "-S", options.source / "examples", "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}",
               f"-DCMAKE_C_COMPILER={options.cc}", f"-DREPRISE_STATIC={'ON' if static else 'OFF'}"]
    if options.generator:
        command += ["-G", options.generator]
    run(command)
    run(["cmake", "--build", folder])


def build_by_pkg_config(options, prefix, folder, environment):
    folder.mkdir()
    found = {**environment, "PKG_CONFIG_PATH": str(next(prefix.rglob("pkgconfig")))}
    flags = run(["pkg-config", "--cflags", "--libs", "reprise"], found).split()
    if run(["pkg-config", "--modversion", "reprise"], found).strip() != "0.1.0":
        raise Failed("pkg-config: another version")
    run(["pkg-config", "--static", "--libs", "reprise"], found)
    for name in EXAMPLES:
        run([options.cc, "-std=c11", "-O1", options.source / f"examples/{name}.c", "-o", folder / name, *flags], found)


def check(options, work):
    prefix = work / "prefix"
    run(["cmake", "--install", options.build, "--prefix", prefix, "--component", "library"])
    check_files(prefix)
    check_cplusplus(options, prefix, work)
    environment = dict(os.environ)
    environment.pop("LD_LIBRARY_PATH", None)
    linked = {**environment, "LD_LIBRARY_PATH": str(next(prefix.rglob("libreprise.so")).parent)}

    build_by_cmake(options, prefix, work / "shared", False)
    guests = work / "shared/guests"
    if not guests.is_dir():
        print("the guests of the examples need clang and wasm-ld: skipped")
        return 77
    check_examples(work / "shared", guests, environment, work)
    build_by_cmake(options, prefix, work / "static", True)
    check_examples(work / "static", guests, environment, work)
    build_by_pkg_config(options, prefix, work / "pkg-config", environment)
    check_examples(work / "pkg-config", guests, linked, work)
    print(f"{len(EXAMPLES)} examples, by the CMake package (shared, static) and by pkg-config")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--cc", required=True)
    parser.add_argument("--generator")
    options = parser.parse_args()
    if not shutil.which("pkg-config"):
        print("pkg-config is missing: skipped")
        return 77
    with tempfile.TemporaryDirectory(prefix="reprise-install-") as folder:
        try:
            return check(options, pathlib.Path(folder))
        except Failed as failure:
            print(failure)
            return 1


if __name__ == "__main__":
    sys.exit(main())
