import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { round } from '../lib/row.ts';
import type { Outcome } from './contender.ts';
import { EMBEDDING_CONTENDERS } from './embedding-contenders.ts';
import { KEYWORD_CONTENDERS } from './keyword-contenders.ts';
import { installPeers } from './packages.ts';
import { VECTOR_CONTENDERS } from './vector-contenders.ts';

/** Most that one contender may take. */
const TIMEOUT_MS = 15 * 60_000;
const MB = 1024 * 1024;

/**
 * The same data through other people's libraries, each in a process of its own, one after another: tables of build time,
 * latency, recall and resident memory. Their packages are installed into the user's cache folder.
 */
export function runPeers({ quick, log }: { quick: boolean; log: (line: string) => void }): void {
  const packages = installPeers(log);
  const rows = quick ? 5_000 : 20_000;
  const outcomes = (kind: string, contenders: Readonly<Record<string, { note: string }>>, count: number) => {
    for (const [name, { note }] of Object.entries(contenders)) {
      log(`${kind}: ${name}`);
      try {
        const outcome = measure(kind, name, count, packages);
        console.log(line(name, outcome, note));
      } catch (error) {
        console.log(`| ${name} | could not run here: ${reason(error)} | | | | | | |`);
      }
    }
  };
  const head = (recall: string, built: string) =>
    console.log(
      `| library | ${built} | p50 | p95 | CPU each | ${recall} | memory of the process (before) | |\n| --- | --- | --- | --- | --- | --- | --- | --- |`,
    );
  console.log(`\nVectors: ${rows} of 384 dimensions, 200 questions, 10 hits\n`);
  head('recall@10', 'build');
  outcomes('vector', VECTOR_CONTENDERS, rows);
  console.log(`\nKeywords: ${rows} passages of 170 words, 200 questions of four words of one passage\n`);
  head('passage among the first 10', 'build');
  outcomes('keyword', KEYWORD_CONTENDERS, rows);
  const texts = quick ? 50 : 300;
  console.log(`\nEmbedding: ${texts} texts of 30 to 90 words, one after another, the same model file\n`);
  head('least cosine with ours', 'start');
  outcomes('embedding', EMBEDDING_CONTENDERS, texts);
}

function measure(kind: string, name: string, count: number, packages: string): Outcome {
  const file = join(import.meta.dirname, 'measure-process.ts');
  const out = execFileSync(
    process.execPath,
    ['--expose-gc', '--disable-warning=ExperimentalWarning', file, kind, name, String(count), packages],
    { encoding: 'utf8', timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return JSON.parse(out.slice(out.lastIndexOf('{'))) as Outcome;
}

const line = (name: string, outcome: Outcome, note: string): string =>
  `| ${name} | ${round(outcome.buildMs / 1000, 1)} s | ${round(outcome.p50Ms)} ms | ${round(outcome.p95Ms)} ms | ${round(outcome.cpuMs)} ms | ${round(outcome.recall, 4)} | ${round(outcome.rssBytes / MB, 0)} MB (${round(outcome.emptyRssBytes / MB, 0)}) | ${note} |`;

function reason(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  const told = (stderr ?? '').split('\n').find((text) => /Error/.test(text));
  return (told ?? (error instanceof Error ? error.message : String(error))).slice(0, 200);
}
