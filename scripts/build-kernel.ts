import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import asc from 'assemblyscript/asc';

/**
 * Compiles the scan kernels to the `.wasm` files beside their sources; the results are small and checked in.
 * `--check` fails when a file does not match its source.
 */
const folder = join(dirname(import.meta.dirname), 'src', 'server', 'drivers', 'vector-index', 'kernel');

async function compile(name: string, features: readonly string[]): Promise<Buffer> {
  const temporary = mkdtempSync(join(tmpdir(), 'ka-kernel-'));
  const outFile = join(temporary, 'out.wasm');
  try {
    const { error, stderr } = await asc.main([
      join(folder, `${name}.as.ts`),
      '--outFile',
      outFile,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      '--sharedMemory',
      '--initialMemory',
      '1',
      '--maximumMemory',
      '65536',
      ...features.flatMap((feature) => ['--enable', feature]),
    ]);
    if (error !== null) throw new Error(`${name}: ${error.message}\n${stderr.toString()}`);
    return readFileSync(outFile);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

let stale = false;
for (const [name, features] of [
  ['scan', ['simd', 'relaxed-simd', 'threads']],
  ['scan-plain', ['simd', 'threads']],
] as const) {
  const wasm = await compile(name, features);
  const file = join(folder, `${name}.wasm`);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, wasm);
    console.log(`${name}.wasm: ${wasm.length} bytes`);
  } else if (!readFileSync(file).equals(wasm)) {
    console.error(`${name}.wasm does not match ${name}.as.ts: run node scripts/build-kernel.ts`);
    stale = true;
  }
}
process.exit(stale ? 1 : 0);
