import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ALIASES, SETTINGS, type Setting, type SettingName } from '../src/server/settings.ts';

/** Writes `docs/configuration.md` from the table of settings; `--check` fails when the file is out of step. */
const file = join(dirname(import.meta.dirname), 'docs', 'configuration.md');

const rows = (Object.entries(SETTINGS) as [SettingName, Setting][]).map(
  ([name, { fallback, meaning, secret }]) => {
    const alias = ALIASES[name];
    return `| \`${name}\`${alias ? ` (or \`${alias}\`)` : ''} | ${fallback} | ${meaning}${secret ? ' (secret: never printed)' : ''} |`;
  },
);
const text = `# Configuration

Settings come from the environment, or from a file \`.env\` in the folder that the program is started in (the
environment wins). All are checked at start: a wrong one stops the start, and every fault is listed by name.
\`npx ka doctor\` checks them without starting.

This page is generated from \`src/server/settings.ts\` by \`npm run docs\`.

| setting | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/configuration.md is out of step with src/server/settings.ts: run npm run docs');
    process.exit(1);
  }
} else writeFileSync(file, text);
