// Runs instrumented modules under node: count_node.mjs FOLDER (instrument_cases.c writes it).
// Prints a line per run: name, counter, how it ended, result, count.
import fs from 'node:fs';
import path from 'node:path';
import { WASI } from 'node:wasi';

const EXIT = Symbol('proc_exit');
const folder = process.argv[2];

function run(name, argument, counter) {
  let counted = 0n;
  const wasi = new WASI({ version: 'preview1', returnOnExit: true, env: { A: 'b' } });
  const module = new WebAssembly.Module(fs.readFileSync(path.join(folder, `${name}.${counter}.wasm`)));
  const exits = (code) => {
    if (code !== 0) throw new Error(`exit code ${code}`);
    throw EXIT;
  };
  const isCommand = WebAssembly.Module.exports(module).some((item) => item.name === '_start');
  const instance = new WebAssembly.Instance(module, {
    reprise: { gas: (price) => { counted += price; } },
    wasi_snapshot_preview1: isCommand ? wasi.wasiImport : { proc_exit: exits },
  });
  let kind = 'returned', result = 0n;
  if (isCommand) {
    if (wasi.start(instance) !== 0) throw new Error(`${name}: exit code is not 0`);
    kind = 'exited';
  } else {
    try {
      result = instance.exports.run(argument);
    } catch (error) {
      if (error !== EXIT) throw error;
      kind = 'exited';
    }
  }
  if (counter === 'global') counted = instance.exports.reprise_gas.value;
  console.log(name, counter, kind, String(result), String(BigInt.asUintN(64, counted)));
}

for (const line of fs.readFileSync(path.join(folder, 'cases.txt'), 'utf8').split('\n')) {
  const [name, argument] = line.split(' ');
  if (name) for (const counter of ['global', 'import']) run(name, Number(argument), counter);
}
