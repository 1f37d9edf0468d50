import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Below this a compressed copy saves less than a packet. */
const LEAST_BYTES = 1024;
/** From here on the file itself is left out: every browser takes a packed one, and the server can unpack. */
const PACKED_ONLY_BYTES = 64 * 1024;

/** Writes `.br` and `.gz` of every text file of the build, at their best levels, so that no request compresses. */
export function precompress(): Plugin {
  let outDir = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: ({ root, build }) => {
      outDir = resolve(root, build.outDir);
    },
    closeBundle() {
      for (const name of globSync('**/*.{js,mjs,css,html,svg,json,md,txt,wasm}', { cwd: outDir })) {
        const file = join(outDir, name);
        const bytes = readFileSync(file);
        if (bytes.length < LEAST_BYTES || name.startsWith('.vite')) continue;
        writeFileSync(
          `${file}.br`,
          brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
        );
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        if (bytes.length >= PACKED_ONLY_BYTES) rmSync(file);
      }
    },
  };
}
