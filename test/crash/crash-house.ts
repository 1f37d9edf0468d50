import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { Document } from '../../src/contract/documents.ts';
import type { Answer } from '../../src/contract/query.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { createDiskFileStore } from '../../src/server/drivers/file-store/disk.ts';
import { sweepFiles } from '../../src/server/ingest/sweep-files.ts';
import { openRecords, prepareRecords, type RecordsPlace } from '../../src/server/records/open-records.ts';
import { checkInstallation } from '../../src/server/upkeep/check-installation.ts';
import { column, makePdf } from '../fixtures/parse/make-pdf.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { runMortally, startMortalServer } from './mortal-server.ts';

/** What a person believes of a document that they have sent. */
interface Sent {
  readonly number: number;
  readonly filename: string;
  /** Known once the server has said that it has the document. */
  id: string | undefined;
  /** `unsure`: the connection was cut before an answer came. */
  fate: 'there' | 'removed' | 'unsure-sent' | 'unsure-removed';
}

/** An installation whose server dies again and again, and what a person who uses it was promised. */
export type CrashHouse = Awaited<ReturnType<typeof openCrashHouse>>;

const THINGS = 'lighthouse tractor violin telescope bakery saddle submarine greenhouse clock ferry'.split(
  ' ',
);
const DEEDS = 'repaired painted bought designed sold'.split(' ');
const SYLLABLES = 'ba do fi ku le mo na re su ti'.split(' ');
/** What no other document tells of: a thing in a town, what was done with it, and by whom. */
function tale(number: number) {
  const name = [...String(1000 + number)].map((digit) => SYLLABLES[Number(digit)]).join('');
  const thing = `${THINGS[number % THINGS.length]} of Q${name}x`;
  const deed = DEEDS[Math.floor(number / THINGS.length) % DEEDS.length] as string;
  return { thing, deed, who: `Mir${name}` };
}

export async function openCrashHouse(place: 'sqlite' | { url: string }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-crash-'));
  const records: RecordsPlace =
    place === 'sqlite'
      ? { kind: 'sqlite', path: join(dataDir, 'knowledge.db') }
      : { kind: 'postgres', url: place.url, poolSize: 4, caFile: undefined };
  const env = {
    DATA_DIR: dataDir,
    JWT_SECRET: 'one secret for every start of the server',
    ...(place === 'sqlite' ? {} : { DATABASE_URL: place.url }),
  };
  await prepareRecords(records);
  const { db, close } = await openRecords(records);
  const files = createDiskFileStore({ dir: join(dataDir, 'files'), sweepAgeMs: -1 });
  const sent: Sent[] = [];

  let server = await startMortalServer(env);
  await server.ready;
  // a key does not run out like a session
  const first = await registerClient(server.url);
  const { key } = await first.post<{ key: string }>('/api/v1/api-keys', {
    name: 'crash',
    scopes: ['read', 'write'],
  });
  await server.kill();

  /** Undefined: the server died before it answered. */
  async function ask<T>(
    method: string,
    path: string,
    body?: FormData | object,
  ): Promise<{ status: number; body: T } | undefined> {
    try {
      const json = body !== undefined && !(body instanceof FormData);
      const response = await fetch(server.url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(json ? { 'content-type': 'application/json' } : {}) },
        ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : (body as FormData) }),
        signal: AbortSignal.timeout(20_000),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
    } catch (error) {
      if (server.isDead() || (error as { cause?: { code?: string } }).cause?.code !== undefined)
        return undefined;
      throw error;
    }
  }

  async function upload(random: SeededRandom): Promise<void> {
    const number = sent.length;
    const isPdf = random.below(4) === 0;
    const document: Sent = {
      number,
      filename: `${tale(number).thing}.${isPdf ? 'pdf' : 'md'}`,
      id: undefined,
      fate: 'unsure-sent',
    };
    sent.push(document);
    const form = new FormData();
    const bytes = isPdf
      ? pdfOf(number, 2 + random.below(30))
      : Buffer.from(markdownOf(number, random.below(30)));
    form.append('file', new Blob([new Uint8Array(bytes)]), document.filename);
    const answer = await ask<{ document: Document }>('POST', '/api/v1/documents', form);
    if (answer === undefined) return;
    expect(answer.status).toBe(202);
    document.id = answer.body.document.id;
    document.fate = 'there';
  }

  const there = (): Sent[] => sent.filter(({ fate }) => fate === 'there');

  async function remove(random: SeededRandom): Promise<void> {
    const document = random.pick(there());
    document.fate = 'unsure-removed';
    const answer = await ask('DELETE', `/api/v1/documents/${document.id}`);
    if (answer === undefined) return;
    expect(answer.status).toBe(204);
    document.fate = 'removed';
  }

  async function reindex(random: SeededRandom): Promise<void> {
    const answer = await ask('POST', `/api/v1/documents/${random.pick(there()).id}/reindex`);
    expect([202, undefined]).toContain(answer?.status);
  }

  const unfinished = async (): Promise<number> => {
    const { count } = await db
      .selectFrom('jobs')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirstOrThrow();
    return Number(count);
  };

  return {
    dataDir,
    db,
    env,
    sent: () => sent.length,
    /**
     * Starts the server, lets it take in, read anew and remove, and kills it: where `faultPoint` says, or after
     * `killAfterMs` of work. @returns how it ended.
     */
    async round(
      random: SeededRandom,
      { faultPoint, killAfterMs }: { faultPoint?: string; killAfterMs: number },
    ) {
      server = await startMortalServer({
        ...env,
        ...(faultPoint === undefined ? {} : { KA_FAULT_POINT: faultPoint }),
      });
      if (!(await server.ready)) return 'at its point';
      const work = (async () => {
        for (let n = 2 + random.below(3); n > 0 && !server.isDead(); n--) {
          await upload(random);
          if (there().length > 4 && random.below(2) === 0) await remove(random);
          if (there().length > 2 && random.below(2) === 0) await reindex(random);
        }
        // the rest of the time it works on what it has taken
        while (!server.isDead() && (await unfinished()) > 0)
          await new Promise((resolve) => setTimeout(resolve, 20));
      })();
      let timer: NodeJS.Timeout | undefined;
      const time = new Promise((resolve) => {
        timer = setTimeout(resolve, killAfterMs);
      });
      await Promise.race([work, time, server.ended]);
      clearTimeout(timer);
      const end = server.isDead() ? 'at its point' : 'at some moment';
      await server.kill();
      await work;
      return end;
    },
    /** Lets a server that does not die finish all work, and holds it to every promise; then looks at all that is stored. */
    async expectNothingLost(): Promise<void> {
      server = await startMortalServer(env);
      expect(await server.ready).toBe(true);
      while ((await unfinished()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      const stored = new Map<string, Document[]>();
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { status: number; body: { items: Document[]; nextCursor: string | null } } | undefined =
          await ask(
            'GET',
            `/api/v1/documents?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
          );
        for (const document of page?.body.items ?? [])
          stored.set(document.filename, [...(stored.get(document.filename) ?? []), document]);
        cursor = page?.body.nextCursor ?? null;
      }
      for (const document of sent) {
        const found = stored.get(document.filename) ?? [];
        if (document.fate === 'unsure-sent' || document.fate === 'unsure-removed') {
          expect(found.length).toBeLessThan(2);
          document.fate = found.length === 1 ? 'there' : 'removed';
          document.id = found[0]?.id;
        }
        const expected = document.fate === 'there' ? [{ id: document.id, status: 'ready' }] : [];
        expect([document.filename, found.map(({ id, status }) => ({ id, status }))]).toEqual([
          document.filename,
          expected,
        ]);
      }
      for (const document of sent) {
        const { thing, deed, who } = tale(document.number);
        const found = await ask<SearchResult>('POST', '/api/v1/search', { query: who, mode: 'keyword' });
        const answer = await ask<Answer>('POST', '/api/v1/query', { query: `Who ${deed} the ${thing}?` });
        const cited = answer?.body.citations.filter(({ quote }) => quote.includes(`${who} `));
        const only = document.fate === 'there' ? [document.id] : [];
        expect({
          filename: document.filename,
          found: [...new Set(found?.body.hits.map(({ documentId }) => documentId))],
          cited: [...new Set(cited?.map(({ documentId }) => documentId))],
        }).toEqual({ filename: document.filename, found: only, cited: only });
      }
      await server.kill('SIGTERM');
      await sweepFiles(db, files);
      const { checked, faults } = await checkInstallation({ records, db, files, uploadsMs: -1 });
      expect(faults).toEqual([]);
      expect(checked.files).toBe(there().length);
      const names = readdirSync(join(dataDir, 'files'), { recursive: true, withFileTypes: true });
      expect(names.filter((entry) => entry.isFile()).length).toBe(there().length);
    },
    /** `ka backup`, killed at its point. @returns how it ended. */
    backup: (file: string, faultPoint?: string) =>
      runMortally(['backup', file], {
        ...env,
        ...(faultPoint === undefined ? {} : { KA_FAULT_POINT: faultPoint }),
      }),
    async close() {
      await server.kill();
      await close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const sentence = (number: number): string => {
  const { thing, deed, who } = tale(number);
  return `${who} ${deed} the ${thing} in the year ${1700 + number}.`;
};

const filler = (number: number, n: number): string =>
  `Paragraph ${n} of ${number} tells of ropes, lamps and oil that were carried up the stairs on day ${(number * 31 + n) % 365}, and of the gulls that watched from the ${n % 2 === 0 ? 'northern' : 'southern'} rail.`;

const markdownOf = (number: number, paragraphs: number): string =>
  [
    `# The ${tale(number).thing}`,
    sentence(number),
    ...Array.from({ length: paragraphs }, (_, n) => filler(number, n)),
  ].join('\n\n');

const pdfOf = (number: number, pages: number): Buffer =>
  makePdf(
    Array.from({ length: pages }, (_, page) => ({
      texts: column(
        64,
        700,
        page === 0 ? [sentence(number)] : [`Page ${page} of ${number} shows plan ${page * 7}.`],
      ),
    })),
  );
