import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startTestApp } from '../test/support/http.ts';

/** Writes `docs/openapi.json` from the live schemas; `--check` fails when the file is out of step. */
const root = dirname(import.meta.dirname);
const file = join(root, 'docs', 'openapi.json');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const app = await startTestApp({ services: { version } });
const text = `${JSON.stringify(app.server.openApi(), null, 2)}\n`;
await app.close();

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/openapi.json is out of step with the schemas: run npm run docs');
    process.exit(1);
  }
} else writeFileSync(file, text);
