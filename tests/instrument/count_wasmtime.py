"""Runs instrumented modules under wasmtime: count_wasmtime.py FOLDER (instrument_cases.c writes it).

Prints a line per run: name, counter, how it ended, result, count.
"""

import pathlib
import sys

import wasmtime

MASK = 2**64 - 1


def run(engine, folder, name, argument, counter):
    counted = [0]

    def count(price):
        counted[0] = (counted[0] + price) & MASK

    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    count_type = wasmtime.FuncType([wasmtime.ValType.i64()], [])
    linker.define(store, "reprise", "gas", wasmtime.Func(store, count_type, count))
    module = wasmtime.Module(engine, (folder / f"{name}.{counter}.wasm").read_bytes())
    instance = linker.instantiate(store, module)
    exports = instance.exports(store)
    kind, result = "returned", 0
    try:
        if "_start" in exports:
            exports["_start"](store)
        else:
            result = exports["run"](store, argument)
    except wasmtime.ExitTrap as end:
        if end.code != 0:
            raise
        kind = "exited"
    if counter == "global":
        counted[0] = exports["reprise_gas"].value(store) & MASK
    print(name, counter, kind, result, counted[0])


def main():
    folder = pathlib.Path(sys.argv[1])
    engine = wasmtime.Engine()
    for line in (folder / "cases.txt").read_text().splitlines():
        name, argument = line.split()[:2]
        for counter in ("global", "import"):
            run(engine, folder, name, int(argument), counter)


main()
