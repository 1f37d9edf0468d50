import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** What some tests need beside the packages: where it is looked for, and the command that provides it. */
const PROVIDERS = {
  browser: {
    paths: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
    command: 'apt-get install chromium',
  },
  ocr: {
    paths: (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'tesseract')),
    command: 'apt-get install tesseract-ocr tesseract-ocr-osd',
  },
  redis: {
    paths: ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'],
    command: 'apt-get install redis-server',
  },
  nginx: {
    paths: ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'],
    command: 'apt-get install nginx-light libnginx-mod-http-brotli-static',
  },
  buildah: {
    paths: ['/usr/bin/buildah'],
    command: 'apt-get install --no-install-recommends buildah',
  },
} as const;
type Need = keyof typeof PROVIDERS;

/**
 * `describeWith('browser', name, (path) => …)`: runs the tests where the program is found; elsewhere they are
 * reported as skipped, with the command that provides it, or fail when `KA_REQUIRE` lists the need.
 */
export function describeWith(need: Need, name: string, tests: (path: string) => void): void {
  const { paths, command } = PROVIDERS[need];
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) {
    describe(name, () => tests(found));
    return;
  }
  if ((process.env['KA_REQUIRE'] ?? '').split(',').includes(need))
    throw new Error(`KA_REQUIRE asks for ${need}, which is not here: ${command}`);
  describe.skip(`${name} (needs ${need}: ${command})`, () => tests(''));
}
