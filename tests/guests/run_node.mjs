// Runs one module under node's WASI: run_node.mjs DESCRIPTION.json (engines.py writes it). How it ended goes to the file
// that the description names; the streams are the process's own.
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const told = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const module = await WebAssembly.compile(fs.readFileSync(told.module));
const imports = WebAssembly.Module.imports(module);
const isUnstable = imports.some((item) => item.module === 'wasi_unstable');
const wasi = new WASI({
  version: isUnstable ? 'unstable' : 'preview1',
  args: told.args,
  env: told.env,
  preopens: { ...told.preopens, ...told.read_only },
  returnOnExit: true,
});
const offered = { [isUnstable ? 'wasi_unstable' : 'wasi_snapshot_preview1']: wasi.wasiImport };
for (const item of imports) {
  const names = (offered[item.module] ??= {});
  if (told.stubs && !(item.name in names)) {
    names[item.name] = () => { throw new Error(`${item.module}.${item.name} is not offered`); };
  }
}

let ended;
try {
  const instance = await WebAssembly.instantiate(module, offered);
  ended = { ends: 'exited', exit_code: wasi.start(instance) ?? 0 };
} catch (error) {
  ended = { ends: 'trapped', exit_code: null, words: String(error) };
}
fs.writeFileSync(told.result, JSON.stringify(ended));
