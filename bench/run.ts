import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './lib/row.ts';

/**
 * `npx ka bench`: runs the rows of part A one after another and prints target, figure and verdict; with `--peers`, the
 * same data through other libraries instead.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    compare: { type: 'string' },
    peers: { type: 'boolean', default: false },
  },
});
if (values.peers) {
  const { runPeers } = await import('./peers/run.ts');
  runPeers({ quick: values.quick, log: (line) => console.error(line) });
  process.exit(0);
}
const wanted = values.only?.split(',').map((id) => id.trim().toUpperCase());
const files = globSync('a*.ts', { cwd: import.meta.dirname }).sort();
const startedAt = new Date().toISOString();
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  node: process.versions.node,
};
const older =
  values.compare === undefined
    ? undefined
    : (JSON.parse(readFileSync(values.compare, 'utf8')) as { rows: Row[] });

const rows: Row[] = [];
for (const file of files) {
  const id = basename(file).slice(0, 3).toUpperCase().replace(/^A0/, 'A');
  if (wanted !== undefined && !wanted.includes(id)) continue;
  const { bench } = (await import(join(import.meta.dirname, file))) as { bench: Bench };
  console.error(`${id} ${file}`);
  try {
    rows.push(...(await bench.run({ quick: values.quick, log: (line) => console.error(`   ${line}`) })));
  } catch (error) {
    rows.push({
      id,
      name: file,
      target: '',
      figure: Number.NaN,
      unit: '',
      ok: false,
      detail: `failed: ${error instanceof Error ? error.message : error}`,
    });
  }
}

console.log(
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Node ${machine.node}, ${startedAt}\n`,
);
console.log('| id | what | target | figure | | detail |\n| --- | --- | --- | --- | --- | --- |');
for (const row of rows) {
  const before = older?.rows.find(({ id, name }) => id === row.id && name === row.name);
  const ratio = before === undefined ? '' : ` (×${(row.figure / before.figure).toFixed(2)} of before)`;
  console.log(
    `| ${row.id} | ${row.name} | ${row.target} | ${row.figure} ${row.unit}${ratio} | ${row.ok ? 'ok' : 'MISS'} | ${row.detail} |`,
  );
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, startedAt, rows }, undefined, 1)}\n`);
process.exit(rows.every(({ ok }) => ok) ? 0 : 1);
