import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isKnown } from './if-none-match.ts';

/**
 * The page loads scripts, styles and pictures of its own only; pictures may also be made in the page. Scripts say
 * the same: a worker obeys what its own file says, not the page, and the reader of PDF compiles WebAssembly there.
 */
const APP_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};
const HAS_POLICY = /^text\/(html|javascript)/;
/** Best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;
/** Addresses under these belong to the API, whoever asks. */
const NOT_PAGES = /^\/(api|v1|mcp|health|metrics|assets|docs|openapi\.json)(\/|$)/;

interface WebFile {
  /** Without the extension of an encoding. */
  readonly path: string;
  /** Large files are there packed only; who can't unpack them gets them unpacked from gzip. */
  readonly packedOnly: boolean;
  readonly type: string;
  /** The build puts a hash into its name: it never changes. */
  readonly immutable: boolean;
  /** Of the content as it is; packed, it is another representation with a tag of its own. */
  readonly tag: () => Promise<string>;
  readonly encodings: readonly (typeof ENCODINGS)[number][];
}

/** Answers with a file of the built web app, or its page for an address of the app. False: the address is no such. */
export type SendWebApp = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;

/** @param webDir may be missing: then nothing is served. Its files are known from now on; they are read when asked for. */
export function createWebApp(webDir: string | undefined): SendWebApp {
  const files =
    webDir === undefined || !existsSync(join(webDir, 'index.html')) ? undefined : listFiles(webDir);
  return async (request, reply) => {
    if (files === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return false;
    const path = request.url.split('?', 1)[0] as string;
    const wantsPage =
      !NOT_PAGES.test(path) && (path === '/' || request.headers.accept?.includes('text/html') === true);
    const file = files.get(path) ?? (wantsPage ? files.get('/index.html') : undefined);
    if (file === undefined) return false;
    await sendFile(file, request, reply);
    return true;
  };
}

function listFiles(webDir: string): ReadonlyMap<string, WebFile> {
  const names = globSync('**/*', { cwd: webDir, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const all = new Set(names);
  const unpacked = names.map((path) =>
    ENCODINGS.reduce(
      (rest, [, extension]) => (rest.endsWith(extension) ? rest.slice(0, -extension.length) : rest),
      path,
    ),
  );
  return new Map(
    [...new Set(unpacked)].map((path) => {
      const url = `/${path.slice(webDir.length).replaceAll('\\', '/').replace(/^\/+/, '')}`;
      const file: WebFile = {
        path,
        packedOnly: !all.has(path),
        type: TYPES[extname(path)] ?? 'application/octet-stream',
        immutable: url.startsWith('/assets/'),
        tag: once(async () => tagOf(await readFile(all.has(path) ? path : `${path}.gz`))),
        encodings: ENCODINGS.filter(([, extension]) => all.has(path + extension)),
      };
      return [url, file];
    }),
  );
}

/** Reading 3 MB of files for their tags would hold up the start. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
const tagOf = (content: Buffer): string =>
  createHash('sha256').update(content).digest('base64url').slice(0, 22);
const unpack = promisify(gunzip);

async function sendFile(file: WebFile, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const accepted = (request.headers['accept-encoding'] ?? '')
    .split(',')
    .filter((part) => !/;\s*q=0(?:\.0*)?\s*$/i.test(part))
    .map((part) => part.trim().split(';', 1)[0]);
  const [encoding, extension = ''] = file.encodings.find(([name]) => accepted.includes(name)) ?? [];
  const etag = `"${await file.tag()}${extension}"`;
  reply.headers({
    'content-type': file.type,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
    etag,
  });
  if (HAS_POLICY.test(file.type)) reply.header('content-security-policy', APP_POLICY);
  if (file.encodings.length > 0) reply.header('vary', 'accept-encoding');
  if (isKnown(request.headers['if-none-match'], etag)) return void (await reply.code(304).send());
  if (encoding !== undefined) reply.header('content-encoding', encoding);
  const content =
    encoding === undefined && file.packedOnly
      ? await unpack(await readFile(`${file.path}.gz`))
      : await readFile(file.path + extension);
  await reply.code(200).send(content);
}
