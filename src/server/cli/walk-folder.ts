import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface FolderFile {
  /** Absolute. */
  readonly path: string;
  /** Relative to the folder, with `/`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** Folders that hold programs and their leftovers, not documents. */
const SKIPPED = new Set(['node_modules', '__pycache__', 'target', 'dist', 'build', 'venv']);

/**
 * The regular files under `folder` whose extension is in `extensions`, sorted by name. Hidden entries, links
 * and folders of build output are left out.
 * @throws Error when the folder itself can't be read.
 */
export async function walkFolder(folder: string, extensions: ReadonlySet<string>): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const pending = [folder];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    const entries = await readdir(current, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      // a folder below that may not be read is no reason to leave the rest out
      if (current === folder) throw error;
      return [];
    });
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = join(current, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) pending.push(path);
      } else if (entry.isFile() && extensions.has(extensionOf(entry.name))) {
        const { size, mtimeMs } = await stat(path);
        files.push({ path, name: relative(folder, path).replaceAll('\\', '/'), sizeBytes: size, mtimeMs });
      }
    }
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const extensionOf = (name: string): string => {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
};
