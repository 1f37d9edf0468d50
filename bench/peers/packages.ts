import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What other people would build on; only measured against, never shipped. */
const PACKAGES = {
  usearch: '2.26.2',
  'hnswlib-node': '3.0.0',
  '@lancedb/lancedb': '0.39.0',
  'sqlite-vec': '0.1.9',
  minisearch: '7.2.0',
  '@orama/orama': '3.1.18',
  '@huggingface/transformers': '4.3.1',
} as const;
type PeerPackage = keyof typeof PACKAGES;

/** Published as source alone: it has to be compiled, which needs Python, make and a C++ compiler. */
const COMPILED: PeerPackage = 'hnswlib-node';

/** Installs the packages, once for each set of versions, into the user's cache folder. @returns the folder. */
export function installPeers(log: (line: string) => void): string {
  const content = JSON.stringify({ private: true, dependencies: PACKAGES });
  const version = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'knowledge-assistant', `peers-${version}`);
  const done = join(folder, 'installed');
  if (existsSync(done)) return folder;
  log(`installing ${Object.keys(PACKAGES).join(', ')} into ${folder} (1.1 GB)`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), content);
  const npm = (...parameters: string[]) =>
    execFileSync('npm', [...parameters, '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 600_000,
    });
  npm('install', '--ignore-scripts', '--prefer-offline');
  try {
    npm('rebuild', COMPILED);
  } catch {
    log(`${COMPILED} can not be compiled here`);
  }
  writeFileSync(done, '');
  return folder;
}

/** A package of the folder; it has no types here. */
// biome-ignore lint/suspicious/noExplicitAny: packages that are not among the project's have no types in it
export async function importPeer(folder: string, name: PeerPackage): Promise<any> {
  const resolve = createRequire(join(folder, 'package.json')).resolve;
  return import(pathToFileURL(resolve(name)).href);
}
