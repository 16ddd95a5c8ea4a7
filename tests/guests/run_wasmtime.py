"""Runs one module under wasmtime: run_wasmtime.py DESCRIPTION.json (engines.py writes it).

Compiling is done once: the compiled module is kept under the folder that the description names. How the run ended, and the
seconds without compiling, go to the file that the description names; the streams are the process's own.
"""
import hashlib
import importlib.metadata
import json
import pathlib
import sys
import time

import wasmtime

VERSION = importlib.metadata.version("wasmtime")


def load(engine, told):
    source = pathlib.Path(told["module"]).read_bytes()
    cache = pathlib.Path(told["cache"])
    kept = cache / f"{hashlib.sha256(source).hexdigest()[:32]}-{VERSION}.cwasm"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_bytes(wasmtime.Module(engine, source).serialize())
        part.rename(kept)
    began = time.perf_counter()
    return wasmtime.Module.deserialize_file(engine, str(kept)), began


def configure(told):
    wasi = wasmtime.WasiConfig()
    wasi.argv = told["args"]
    wasi.env = list(told["env"].items())
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for guest, folder in told["preopens"].items():
        wasi.preopen_dir(folder, guest)
    for guest, folder in told["read_only"].items():
        wasi.preopen_dir(folder, guest, False)
    return wasi


def main():
    told = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    engine = wasmtime.Engine()
    module, began = load(engine, told)
    store = wasmtime.Store(engine)
    store.set_wasi(configure(told))
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    ended = {"ends": "exited", "exit_code": 0}
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except wasmtime.ExitTrap as error:
        ended["exit_code"] = error.code
    except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
        ended = {"ends": "trapped", "exit_code": None, "words": str(error)}
    ended["seconds"] = time.perf_counter() - began
    pathlib.Path(told["result"]).write_text(json.dumps(ended), encoding="utf-8")


main()
