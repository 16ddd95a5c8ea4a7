// Runs one WASI program under node: run_node.mjs PROGRAM FOLDER [ARGUMENT...]. FOLDER is the guest's `/`.
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const [program, folder, ...rest] = process.argv.slice(2);
const module = new WebAssembly.Module(fs.readFileSync(program));
const isOld = WebAssembly.Module.imports(module).some((item) => item.module === 'wasi_unstable');
const wasi = new WASI({
  version: isOld ? 'unstable' : 'preview1',
  args: ['program', ...rest],
  preopens: { '/': folder },
  returnOnExit: true,
});
const imports = { [isOld ? 'wasi_unstable' : 'wasi_snapshot_preview1']: wasi.wasiImport };
process.exitCode = wasi.start(new WebAssembly.Instance(module, imports));
