"""Runs one WASI program under wasmtime: run_wasmtime.py PROGRAM FOLDER [ARGUMENT...]. FOLDER is the guest's `/`."""

import os
import sys

import wasmtime

TRAP = 134  # as Reprise ends


def main():
    program, folder, *rest = sys.argv[1:]
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["program", *rest]
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.preopen_dir(folder, "/")
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, program))
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        os._exit(end.code)
    except wasmtime.WasmtimeError as error:
        print("trap:", str(error).split("Caused by:")[-1].strip().replace("\n", " "), file=sys.stderr, flush=True)
        os._exit(TRAP)


main()
