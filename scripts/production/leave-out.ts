import { basename, dirname } from 'node:path';

/** What the tree is for: Node's names. */
export interface Target {
  readonly platform: string;
  readonly arch: string;
}

/** Folders at the top of a package that no running program reads. */
const FOLDERS =
  /^(\.github|\.vscode|tests?|__tests__|docs|examples?|bench|benchmarks?|coverage|fixtures|\.nyc_output)$/;
/** Sources, types and maps of what is there as JavaScript; native sources; notes. Licences and notices stay. */
const FILES =
  /\.(map|[cm]?ts|tsx|flow|c|cc|cpp|h|hpp|gypi?|gz|lock|tsbuildinfo|markdown|mdx?)$|^(\.[\w.-]*(ignore|rc|attributes|config)(\.\w+)?|\.travis\.yml|makefile|tsconfig.*\.json)$/i;
const KEPT = /^(licen[cs]e|licence|notice|copying|third.?party)/i;

/**
 * What single packages carry beyond that. Paths are within the package; the tree's own test starts the program and
 * imports all that it imports, so a release that needs more than this fails there.
 */
const WITHIN: Readonly<Record<string, (path: string, target: Target) => boolean>> = {
  // one library for each platform, 25 to 86 MB each, and the installer that would fetch GPU libraries
  'onnxruntime-node': (path, { platform, arch }) =>
    (/^bin\/[^/]+\/./.test(path) && !inFolder(path, `bin/napi-v6/${platform}/${arch}`)) ||
    inFolder(path, 'script') ||
    // GPU execution providers: the model runs on the processor
    /providers_(cuda|tensorrt)|DirectML|dxcompiler|dxil/i.test(path),
  // one addon for each platform, and SQLite's amalgamation to compile another
  'better-sqlite3': (path, { platform, arch }) =>
    (inFolder(path, 'prebuilds') && path !== 'prebuilds' && path !== `prebuilds/${platform}-${arch}.node`) ||
    inFolder(path, 'deps') ||
    inFolder(path, 'src'),
  // its forms for browsers, with the WebAssembly in base64 inside
  '@hyzyla/pdfium': (path) =>
    /^dist\/(index\.esm\.(base64|browser|cdn|worker)\.js|pdfium\.wasm\.base64.*|worker\.bundle\.js|worker|vendor)$/.test(
      path,
    ),
};

/** Packages that only compile or install others. */
export const UNUSED_PACKAGES: ReadonlySet<string> = new Set(['node-addon-api']);

/** Whether this file or folder of a package (`path` within it, with `/`) stays out of a production tree. */
export function leftOut(packageName: string, path: string, isFolder: boolean, target: Target): boolean {
  if (path === '') return false;
  if (WITHIN[packageName]?.(path, target) === true) return true;
  const name = basename(path);
  if (isFolder) return dirname(path) === '.' && FOLDERS.test(name);
  return FILES.test(name) && !KEPT.test(name);
}

/** Whether a path is the folder, lies in it, or leads to it. */
function inFolder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`) || folder.startsWith(`${path}/`);
}
