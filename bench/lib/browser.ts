import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * The system's browser without a window, and without the traffic of its own that it would make.
 *
 * @throws Error when none is installed.
 */
export async function launchBrowser(
  executablePath = PATHS.find((path) => existsSync(path)),
): Promise<Browser> {
  if (executablePath === undefined) throw new Error('no browser is here: apt-get install chromium');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
