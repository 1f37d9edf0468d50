import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Plugin } from 'vite';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly identifier: string | null;
  /** Absent when the package carries none. */
  readonly text?: string;
}
/** Where Vite's `build.license` leaves what it found. */
export const FOUND = 'licenses.json';

/** `licenses.txt`: every bundled package with its copyright lines, and each licence's text once for all that share it. */
export function thirdPartyLicenses(): Plugin {
  let outDir = '';
  return {
    name: 'third-party-licenses',
    apply: 'build',
    configResolved: ({ root, build }) => {
      outDir = resolve(root, build.outDir);
    },
    closeBundle() {
      const found = join(outDir, FOUND);
      writeFileSync(
        join(outDir, 'licenses.txt'),
        listOf(JSON.parse(readFileSync(found, 'utf8')) as Package[]),
      );
      rmSync(found);
    },
  };
}

const COPYRIGHT = /^\s*(?:copyright\s+(?:\(c\)|©|\d)|\(c\)|©).*$/gim;

function listOf(packages: readonly Package[]): string {
  const byText = Map.groupBy(packages, ({ text = '' }) =>
    text
      .replaceAll(COPYRIGHT, '')
      .replace(/^\s*#*\s*(?:the\s+)?mit license.*$/im, '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
  );
  const parts = [...byText].map(([text, sharing]) => {
    const lines = sharing.flatMap(({ name, version, identifier, text: own = '' }) => [
      `${name} ${version} (${identifier ?? 'see below'})`,
      ...(own.match(COPYRIGHT) ?? []).map((line) => `  ${line.trim()}`),
    ]);
    return `${lines.join('\n')}\n\n${text}\n`;
  });
  return `This app contains the following packages.\n\n${parts.join('\n---\n\n')}`;
}
