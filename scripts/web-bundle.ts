import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** What the browser loads, from Vite's manifest and the files that the build compressed. */
const webDir = join(dirname(import.meta.dirname), 'dist', 'web');

interface ManifestEntry {
  readonly file: string;
  readonly name?: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}
type Manifest = Readonly<Record<string, ManifestEntry>>;

export interface WebFile {
  readonly file: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly brotliBytes: number;
}

export interface WebBundle {
  /** JS and CSS that each page needs beyond what every page loads, by its source file. */
  readonly pages: readonly { readonly page: string; readonly files: readonly WebFile[] }[];
  /** JS and CSS of the start: entry, shell and the first page (`/`, or signing in: the larger). */
  readonly firstLoad: readonly WebFile[];
  readonly all: readonly WebFile[];
  /** All files that are served, compressed copies included. */
  readonly assetBytes: number;
}

const sized = (file: string): WebFile => {
  const path = join(webDir, file);
  // a large one is there packed only
  const bytes =
    statSync(path, { throwIfNoEntry: false })?.size ?? gunzipSync(readFileSync(`${path}.gz`)).length;
  const sizeOf = (extension: string) => statSync(path + extension, { throwIfNoEntry: false })?.size ?? bytes;
  return { file, bytes, gzipBytes: sizeOf('.gz'), brotliBytes: sizeOf('.br') };
};

/** @throws Error when the web app is not built. */
export function readWebBundle(): WebBundle {
  const manifest = JSON.parse(readFileSync(join(webDir, '.vite', 'manifest.json'), 'utf8')) as Manifest;
  const reach = (key: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(key)) return seen;
    seen.add(key);
    for (const next of manifest[key]?.imports ?? []) reach(next, seen);
    return seen;
  };
  const filesOf = (keys: Iterable<string>) => {
    const files = new Set<string>();
    for (const key of keys) {
      const entry = manifest[key];
      if (entry === undefined) continue;
      if (/\.(js|css)$/.test(entry.file)) files.add(entry.file);
      for (const css of entry.css ?? []) files.add(css);
    }
    return files;
  };
  const entry = Object.keys(manifest).find((key) => manifest[key]?.isEntry);
  if (entry === undefined) throw new Error('The manifest of the web app names no entry.');
  const shell = new Set([...reach(entry), ...reach('shell/shell.tsx')]);
  const dynamic = new Set(Object.values(manifest).flatMap(({ dynamicImports = [] }) => dynamicImports));
  const pages = [...dynamic]
    .filter((key) => manifest[key] !== undefined)
    .map((page) => ({
      page,
      files: [...filesOf(reach(page)).difference(filesOf(shell))].map(sized),
    }))
    .sort((a, b) => sum(b.files) - sum(a.files));
  const first = [
    new Set([
      ...shell,
      ...reach('features/dashboard/dashboard-page.tsx'),
      ...reach('features/dashboard/speed-and-cost.tsx'),
    ]),
    new Set([...reach(entry), ...reach('features/sign-in/sign-in-page.tsx')]),
  ].map((keys) => [...filesOf(keys)].map(sized));
  const served = globSync('**/*', { cwd: webDir, withFileTypes: true })
    .filter((found) => found.isFile() && !found.parentPath.includes('.vite'))
    .map((found) => statSync(join(found.parentPath, found.name)).size);
  return {
    pages,
    firstLoad: first.sort((a, b) => sum(b) - sum(a))[0] as WebFile[],
    all: [...filesOf(Object.keys(manifest))].map(sized).sort((a, b) => b.brotliBytes - a.brotliBytes),
    assetBytes: served.reduce((total, bytes) => total + bytes, 0),
  };
}

export const sum = (
  files: readonly WebFile[],
  of: 'bytes' | 'gzipBytes' | 'brotliBytes' = 'brotliBytes',
): number => files.reduce((total, file) => total + file[of], 0);
