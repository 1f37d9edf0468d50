import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The package's folder, from the sources as well as from what is built of them. */
export const packageRoot = dirname(dirname(import.meta.dirname));

export const version: string = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;

/** Where the build puts the embedding model. */
export const modelDir = join(packageRoot, 'build', 'model', 'minilm-l6-v2');
/** Where the build puts the web app. */
export const webDir = join(packageRoot, 'dist', 'web');
