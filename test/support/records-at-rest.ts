import { expect } from 'vitest';
import type { PostgresServer } from './postgres-server.ts';

type Run = (statement: string) => ReturnType<PostgresServer['run']>;

/** Waits until no job is left, then: each document is ready, with every passage and vector once and none beside them. */
export async function expectRecordsAtRest(run: Run, filenames: readonly string[]): Promise<void> {
  await expect
    .poll(
      () =>
        run(
          `select kind, state, last_error from jobs where state in ('queued', 'running') and kind in ('ingest', 'embed', 'purge')`,
        ),
      {
        timeout: 90_000,
        interval: 200,
      },
    )
    .toEqual([]);
  const documents = await run(`
    select d.filename, d.status, d.chunk_count,
      (select count(*)::int from chunks c where c.document_id = d.id) as chunks,
      (select count(distinct c.seq)::int from chunks c where c.document_id = d.id and c.revision = d.revision) as seqs,
      (select count(*)::int from chunks c join vectors v on v.key = c.key where c.document_id = d.id) as vectors
    from documents d order by d.filename`);
  expect(documents.map((row) => row['filename'])).toEqual([...filenames].sort());
  for (const { filename, ...row } of documents) {
    const whole = row['chunk_count'] as number;
    expect(whole, String(filename)).toBeGreaterThan(0);
    expect(row, String(filename)).toEqual({
      status: 'ready',
      chunk_count: whole,
      chunks: whole,
      seqs: whole,
      vectors: whole,
    });
  }
  const [beside] = await run(`
    select (select count(*)::int from chunks) - (select coalesce(sum(chunk_count), 0)::int from documents) as chunks,
      (select count(*)::int from vectors) - (select coalesce(sum(chunk_count), 0)::int from documents) as vectors`);
  expect(beside).toEqual({ chunks: 0, vectors: 0 });
}
