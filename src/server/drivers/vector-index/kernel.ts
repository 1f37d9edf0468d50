import { readFileSync } from 'node:fs';

/** The functions of `kernel/scan.as.ts`, over a shared memory. */
export interface Kernel {
  scan(
    codes: number,
    rows: number,
    stride: number,
    query: number,
    scores: number,
    scales: number,
    bias: number,
  ): void;
  above(scores: number, rows: number, threshold: number, out: number): number;
}

/** Which build of the kernel this engine runs: relaxed SIMD where it is known, plain SIMD elsewhere. */
export function compileKernel(prefer: 'relaxed' | 'plain' = 'relaxed'): WebAssembly.Module {
  const read = (name: string) => readFileSync(new URL(`./kernel/${name}.wasm`, import.meta.url));
  const relaxed = read('scan');
  return new WebAssembly.Module(
    prefer === 'relaxed' && WebAssembly.validate(relaxed) ? relaxed : read('scan-plain'),
  );
}

export const instantiateKernel = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernel;
