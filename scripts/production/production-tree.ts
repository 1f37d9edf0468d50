import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { leftOut, type Target, UNUSED_PACKAGES } from './leave-out.ts';

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

export interface ProductionTree {
  readonly bytes: number;
  readonly packageBytes: number;
  readonly builtBytes: number;
  readonly modelBytes: number;
  readonly webBytes: number;
  /** Installed packages by size, largest first. */
  readonly packages: readonly { readonly name: string; readonly bytes: number }[];
}

/** What each platform's libraries are published for. */
const TARGETS = ['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64', 'win32/arm64'];

/**
 * Copies what a running installation needs and nothing else from a built checkout to `out`: the program, the model,
 * and the production packages that the lock file names, each without the parts that `leave-out.ts` lists. Nothing is
 * fetched: the packages are those of the checkout.
 *
 * @param out  Empty or not there.
 */
export function assembleProductionTree(root: string, out: string, target: Target): ProductionTree {
  const wanted = `${target.platform}/${target.arch}`;
  if (!TARGETS.includes(wanted))
    throw new Error(`There are no libraries for ${wanted}: choose one of ${TARGETS.join(', ')}.`);
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new Error(`${out} is not empty: choose a folder that is, or remove it first.`);
  mkdirSync(out, { recursive: true });

  const packages = productionPackages(root, target);
  for (const { name, path } of packages) {
    const from = join(root, path);
    const to = join(out, path);
    cpSync(from, to, {
      recursive: true,
      filter: (file) => {
        const within = relative(from, file).split(sep).join('/');
        // packages inside packages have entries of their own
        if (within === 'node_modules') return false;
        return !leftOut(name, within, lstatSync(file).isDirectory(), target);
      },
    });
    removeEmptyFolders(to);
  }
  for (const part of ['bin', join('dist', 'server'), join('dist', 'contract'), join('dist', 'web')])
    cpSync(join(root, part), join(out, part), { recursive: true });
  cpSync(join(root, 'build', 'model'), join(out, 'build', 'model'), { recursive: true });
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) cpSync(join(root, file), join(out, file));
  writeManifest(root, out);

  const bytes = bytesOf(out);
  const webBytes = bytesOf(join(out, 'dist', 'web'));
  return {
    bytes,
    packageBytes: bytesOf(join(out, 'node_modules')),
    builtBytes: bytesOf(join(out, 'dist')) - webBytes,
    modelBytes: bytesOf(join(out, 'build')),
    webBytes,
    packages: packages
      .filter(({ path }) => path.lastIndexOf('node_modules') === 0)
      .map(({ name, path }) => ({ name, bytes: bytesOf(join(out, path)) }))
      .sort((a, b) => b.bytes - a.bytes),
  };
}

/** The installed packages that `npm ci --omit=dev` would install for the target, by the lock file. */
function productionPackages(root: string, { platform, arch }: Target): { name: string; path: string }[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const found: { name: string; path: string }[] = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.dev === true || entry.devOptional === true) continue;
    const fits =
      (entry.os === undefined || entry.os.includes(platform)) &&
      (entry.cpu === undefined || entry.cpu.includes(arch));
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (!fits || UNUSED_PACKAGES.has(name)) continue;
    if (existsSync(join(root, path))) found.push({ name, path });
    else if (entry.os !== undefined || entry.optional !== true)
      throw new Error(
        `${path} is not installed here: run \`npm ci --os=${platform} --cpu=${arch}\`, then repeat this.`,
      );
  }
  return found;
}

/** What a running installation reads of package.json: its version, its kind of modules, its command. */
function writeManifest(root: string, out: string): void {
  const whole = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const kept = ['name', 'version', 'description', 'license', 'type', 'private', 'engines', 'bin', 'exports'];
  const manifest = Object.fromEntries(
    [...kept, 'dependencies'].filter((key) => key in whole).map((key) => [key, whole[key]]),
  );
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function removeEmptyFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Bytes of the files under a path; 0 where nothing is. */
function bytesOf(path: string): number {
  if (!existsSync(path)) return 0;
  const entry = lstatSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** The checkout that these scripts belong to. */
export const checkout: string = dirname(dirname(import.meta.dirname));
