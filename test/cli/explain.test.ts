import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import { type Explanation, explainRoute, listRoutes } from '../../src/server/cli/explain.ts';
import { type Config, readConfig } from '../../src/server/config.ts';
import { openRecords } from '../../src/server/records/open-records.ts';
import { openReplica } from '../support/replica.ts';
import { DIALECTS, newPostgresDatabase } from '../support/stores.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');

describe.each(DIALECTS)('an installation on %s', (dialect) => {
  let env: Record<string, string>;
  let config: Config;
  beforeAll(async () => {
    env = {
      DATA_DIR: mkdtempSync(join(tmpdir(), 'ka-explain-')),
      JWT_SECRET: 'one secret for all of the replicas',
      ...(dialect === 'postgres' ? { DATABASE_URL: await newPostgresDatabase() } : {}),
    };
    config = readConfig(env);
    const running = await openReplica(env);
    const ann = await registerClient(running.url, 'ann@example.org');
    await registerClient(running.url, 'bob@example.org');
    const { taskId } = await ann.upload([
      { name: 'harbour.md', bytes: Buffer.from('# Harbour\n\nA visiting yacht pays 34 crowns a night.\n') },
    ]);
    await ann.finished(taskId);
    await running.close();
  });
  afterAll(() => rmSync(env['DATA_DIR'] as string, { recursive: true }));

  const about = ({ statements }: Explanation, part: string) => {
    const found = statements.find((statement) => statement.sql.includes(part));
    if (found === undefined) throw new Error(`no statement has ${part}`);
    return found;
  };
  /** Every row of some tables. */
  const kept = async () => {
    const { db, close } = await openRecords(config.database);
    const rows: unknown[] = [];
    for (const table of ['users', 'sessions', 'documents', 'conversations', 'jobs', 'audit', 'tombstones'])
      rows.push((await sql`select * from ${sql.table(table)} order by 1`.execute(db)).rows);
    await close();
    return rows;
  };

  test('a list is told statement by statement, with plan, parameters and rows', async () => {
    const explained = await explainRoute(config, 'GET /api/v1/documents?limit=3');
    expect(explained).toMatchObject({ status: 200, problem: undefined, warnings: [] });
    const listed = about(explained, 'from documents where');
    expect(listed).toMatchObject({ runs: 1, rows: 1, tookMs: expect.any(Number) });
    expect(listed.parameters.length).toBeGreaterThan(0);
    const plan = listed.plan.join('\n');
    expect(plan).toMatch(dialect === 'postgres' ? /actual time=.*Execution Time:/s : /USING .*INDEX/);
    if (dialect === 'postgres') expect(plan).toContain('Buffers:');
  });

  test('a search shows what the indexes read', async () => {
    const explained = await explainRoute(config, 'POST /api/v1/search');
    expect(explained.status).toBe(200);
    for (const table of ['postings', 'posting_lengths', 'chunks'])
      expect(about(explained, table).plan.length, table).toBeGreaterThan(0);
    expect(explained.warnings).toEqual([]);
  });

  test('of a route that writes nothing is kept, though it answers as if', async () => {
    const before = await kept();
    const made = await explainRoute(config, 'POST /api/v1/conversations', { body: '{"title":"Tried"}' });
    expect(made.status).toBe(201);
    const inserted = about(made, 'insert into "conversations"');
    if (dialect === 'postgres') expect(inserted.plan.join('\n')).not.toContain('actual time');
    expect((await explainRoute(config, 'DELETE /api/v1/documents/:id')).status).toBe(204);
    expect(await kept()).toEqual(before);
  });

  if (dialect === 'postgres')
    test('what writes is run for its plan where that is asked for', async () => {
      const before = await kept();
      const route = 'POST /api/v1/conversations';
      const made = await explainRoute(config, route, { body: '{"title":"Tried"}', analyzeWrites: true });
      expect(about(made, 'insert into "conversations"').plan.join('\n')).toContain('actual time');
      expect(await kept()).toEqual(before);
    });

  test("a refused request is told with its reason, as another user's", async () => {
    const { id } = JSON.parse(JSON.stringify((await kept())[2]))[0];
    const refused = await explainRoute(config, `GET /api/v1/documents/${id}`, { email: 'bob@example.org' });
    expect(refused.status).toBe(404);
    expect(refused.problem).toContain('urn:ka:error:not-found');
  });

  test('a large table that is read as a whole is warned of', async () => {
    const { db, close } = await openRecords(config.database);
    const { id } = await db.selectFrom('users').select('id').limit(1).executeTakeFirstOrThrow();
    const many = Array.from({ length: 1100 }, (_, i) => ({
      id: `audit-${i}`,
      at: '2026-01-01',
      actor_id: id,
      action: 'tried',
      target: null,
      detail: null,
      ip: null,
    }));
    for (let i = 0; i < many.length; i += 100)
      await db
        .insertInto('audit')
        .values(many.slice(i, i + 100))
        .execute();
    // the list has no other way then
    await sql`drop index audit_by_time`.execute(db);
    await close();
    const { warnings } = await explainRoute(config, 'GET /api/v1/admin/audit?limit=1');
    expect(warnings.length).toBeGreaterThan(0);
    for (const warning of warnings) expect(warning).toMatch(/^statement \d+ reads all of audit, /);
  });

  test('all routes are listed, and what is none says so', async () => {
    expect(await listRoutes(config)).toContain('PATCH /api/v1/documents/:id');
    const refused = (route: string, options = {}) => expect(explainRoute(config, route, options)).rejects;
    await refused('documents').toThrow('is no route');
    await refused('GET /api/v1/nothing').toThrow('There is no route');
    await refused('GET /api/v1/events').toThrow('a stream without an end');
    await refused('GET /api/v1/conversations/:id').toThrow('The user has no conversations');
    await refused('POST /api/v1/messages/:id/feedback').toThrow('Put a value');
    await refused('GET /api/v1/me', { email: 'nobody@example.org' }).toThrow('There is no user');
  });

  test('the command prints it for people and for programs', async () => {
    const ka = (...parameters: string[]) =>
      new Promise<{ code: number; out: string }>((resolve) => {
        execFile(
          process.execPath,
          [KA, 'explain', ...parameters],
          { env: { ...process.env, ...env } },
          (error, out) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out }),
        );
      });
    const told = await ka('GET /api/v1/collections');
    expect(told.code).toBe(0);
    expect(told.out).toMatch(
      /^GET \/api\/v1\/collections answered 200 after \d+ different statements; nothing is kept\.\n/,
    );
    const { out } = await ka('get /api/v1/collections', '--json');
    expect(JSON.parse(out)).toMatchObject({ route: 'GET /api/v1/collections', status: 200 });
  });
});
