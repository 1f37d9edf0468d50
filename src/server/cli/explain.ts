import { existsSync } from 'node:fs';
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import type { Database } from '../ports/schema.ts';
import { createPlanner, isWrite, LARGE_ROWS, type Plan } from './statement-plan.ts';
import { openTriedServer, type TriedServer } from './tried-server.ts';

export interface ExplainOptions {
  /** Address of a user; the oldest administrator by default. */
  readonly email?: string | undefined;
  /** JSON. */
  readonly body?: string | undefined;
  /** Statements that write are run twice: once to see what their plan does. */
  readonly analyzeWrites?: boolean;
}

export interface ExplainedStatement {
  readonly sql: string;
  /** Of its first run; empty where the values stand in the statement. */
  readonly parameters: readonly unknown[];
  readonly runs: number;
  /** Of all runs; undefined of what the indexes read on SQLite, where it is not known. */
  readonly tookMs: number | undefined;
  readonly rows: number | undefined;
  readonly plan: readonly string[];
}

export interface Explanation {
  readonly route: string;
  /** Of the answer. */
  readonly status: number;
  /** What the answer says is wrong with the request. */
  readonly problem: string | undefined;
  readonly statements: readonly ExplainedStatement[];
  readonly warnings: readonly string[];
}

interface Noted extends ExplainedStatement {
  readonly largeScans: readonly string[];
}

/**
 * Sends one request to a server within this process and tells what it asks of the database. Nothing of what the
 * request does is kept.
 *
 * @param route method and address: `GET /api/v1/documents?limit=5`. `:id` stands for the newest thing of the user's.
 */
export async function explainRoute(
  config: Config,
  route: string,
  { email, body, analyzeWrites = false }: ExplainOptions = {},
): Promise<Explanation> {
  const [method, path] = readRoute(route);
  const noted = new Map<string, Noted>();
  let listening = false;
  const indexReads: string[] = [];
  let plan: ReturnType<typeof createPlanner> | undefined;
  const tried = await open(config, {
    async onStatement({ sql, parameters }, run) {
      if (!listening || plan === undefined) return () => {};
      const known = noted.get(sql);
      const found = known === undefined ? await plan(sql, parameters, run) : undefined;
      return ({ tookMs, rows }) => note(noted, { sql, parameters, tookMs, rows }, found);
    },
    onIndexRead(sql) {
      if (listening) indexReads.push(sql);
    },
  });
  try {
    const { db, server } = tried;
    needRoute(server.routes(), method, path);
    plan = createPlanner(db, { analyzeWrites });
    const user = await userOf(db, email);
    const token = user === undefined ? undefined : await tried.signIn(user.id);
    const url = await fillIn(db, path, user?.id);
    const payload = body ?? (await usualBody(db, `${method} ${path}`, user?.id));
    listening = true;
    const answer = await server.app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { payload }),
    });
    listening = false;
    await noteIndexReads(db, noted, indexReads);
    const statements = [...noted.values()];
    return {
      route: `${method} ${url}`,
      status: answer.statusCode,
      problem: answer.statusCode < 400 ? undefined : answer.body,
      statements: statements.map(({ largeScans: _, ...rest }) => rest),
      warnings: statements.flatMap(({ largeScans }, i) =>
        largeScans.map(
          (table) => `statement ${i + 1} reads all of ${table}, which has more than ${LARGE_ROWS} rows`,
        ),
      ),
    };
  } finally {
    await tried.close();
  }
}

/** Method and address of every route. */
export async function listRoutes(config: Config): Promise<string[]> {
  const tried = await open(config, { onStatement: async () => () => {}, onIndexRead() {} });
  try {
    return tried.server
      .routes()
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
  } finally {
    await tried.close();
  }
}

async function open(config: Config, options: Parameters<typeof openTriedServer>[1]): Promise<TriedServer> {
  const { database, dataDir } = config;
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new Error(`There is no installation in ${dataDir}: start it once, or set DATA_DIR.`);
  return openTriedServer(config, options);
}

function readRoute(route: string): [method: string, path: string] {
  const [, method, path] = /^\s*([A-Za-z]+)\s+(\/\S*)\s*$/.exec(route) ?? [];
  if (method === undefined || path === undefined)
    throw new Error(`"${route}" is no route: name one as in "GET /api/v1/documents"; --list shows all.`);
  return [method.toUpperCase(), path];
}

function needRoute(routes: ReturnType<TriedServer['server']['routes']>, method: string, path: string): void {
  const address = path.split('?', 1)[0] as string;
  const found = routes.find((route) => {
    const pattern = route.url.replaceAll(/[.+*]/g, '\\$&').replaceAll(/:[^/]+/g, '[^/]+');
    return route.method === method && new RegExp(`^${pattern}$`).test(address);
  });
  if (found === undefined) throw new Error(`There is no route ${method} ${address}: --list shows all.`);
  if (found.url.endsWith('/events')) throw new Error(`${method} ${found.url} is a stream without an end.`);
}

async function userOf(
  db: Kysely<Database>,
  email: string | undefined,
): Promise<{ readonly id: string } | undefined> {
  const users = db.selectFrom('users').select('id');
  if (email === undefined) return users.orderBy('role').orderBy('created_at').limit(1).executeTakeFirst();
  const user = await users.where('email', '=', email.toLowerCase()).executeTakeFirst();
  if (user === undefined) throw new Error(`There is no user ${email}.`);
  return user;
}

/** Whose newest thing stands for `:id` behind the noun. */
const OWNED = {
  collections: 'owner_id',
  documents: 'owner_id',
  tasks: 'user_id',
  conversations: 'user_id',
  'api-keys': 'user_id',
} as const;

async function fillIn(db: Kysely<Database>, path: string, userId: string | undefined): Promise<string> {
  const [, noun] = /\/([\w-]+)\/:id\b/.exec(path) ?? [];
  if (noun === undefined && !/\/:\w/.test(path)) return path;
  if (noun === undefined || !(noun in OWNED) || /\/:(?!id\b)\w/.test(path))
    throw new Error(`Put a value in the place of each name in ${path}.`);
  const owner = OWNED[noun as keyof typeof OWNED];
  const newest = await db
    .selectFrom((noun === 'api-keys' ? 'api_keys' : noun) as 'documents')
    .select('id')
    .where(owner as 'owner_id', '=', userId ?? '')
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newest === undefined) throw new Error(`The user has no ${noun}: put an id in the place of :id.`);
  return path.replace(':id', newest.id);
}

/** A question is the title of the user's newest document: its words are in the index. */
async function usualBody(
  db: Kysely<Database>,
  route: string,
  userId: string | undefined,
): Promise<string | undefined> {
  if (!/^POST \/api\/v1\/(?:search|query)$/.test(route)) return undefined;
  const newest = await db
    .selectFrom('documents')
    .select('title')
    .where('owner_id', '=', userId ?? '')
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return JSON.stringify({ query: newest?.title ?? 'What is this about?' });
}

function note(
  noted: Map<string, Noted>,
  ran: Pick<Noted, 'sql' | 'parameters' | 'tookMs' | 'rows'>,
  plan: Plan | undefined,
): void {
  const known = noted.get(ran.sql);
  noted.set(ran.sql, {
    sql: ran.sql,
    parameters: known?.parameters ?? ran.parameters,
    runs: (known?.runs ?? 0) + 1,
    tookMs: sum(known, ran.tookMs, known?.tookMs),
    rows: sum(known, ran.rows, known?.rows),
    plan: known?.plan ?? plan?.lines ?? [],
    largeScans: known?.largeScans ?? plan?.largeScans ?? [],
  });
}

const sum = (known: Noted | undefined, own: number | undefined, others: number | undefined) =>
  known === undefined ? own : own === undefined || others === undefined ? undefined : own + others;

/** SQLite's indexes read outside of Kysely. Statements that differ in their numbers only are one. */
async function noteIndexReads(
  db: Kysely<Database>,
  noted: Map<string, Noted>,
  reads: readonly string[],
): Promise<void> {
  if (reads.length === 0) return;
  const plan = createPlanner(db, { analyzeWrites: false });
  const { CompiledQuery } = await import('kysely');
  const run = async (sql: string) =>
    (await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(sql))).rows;
  for (const [sql, runs] of Map.groupBy(reads, (read) =>
    read.replaceAll(/'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b/g, '?'),
  )) {
    const first = runs[0] as string;
    const found = await plan(first, [], run);
    if (found === undefined) continue;
    const { lines, largeScans } = found;
    const figures = { tookMs: undefined, rows: undefined };
    noted.set(sql, { sql, parameters: [], runs: runs.length, ...figures, plan: lines, largeScans });
  }
}

/** `ka explain ROUTE`. @returns the exit code: 1 where the request was refused. */
export async function explain(
  config: Config,
  route: string,
  options: ExplainOptions & { readonly json: boolean },
): Promise<number> {
  const explanation = await explainRoute(config, route, options);
  console.log(options.json ? JSON.stringify(explanation, undefined, 2) : printed(explanation, options));
  return explanation.status < 400 ? 0 : 1;
}

function printed(
  { route, status, problem, statements, warnings }: Explanation,
  { analyzeWrites = false }: ExplainOptions,
): string {
  const lines = [
    `${route} answered ${status} after ${statements.length} different statements; nothing is kept.`,
  ];
  if (problem !== undefined) lines.push(problem);
  for (const [i, { sql, parameters, runs, tookMs, rows, plan }] of statements.entries()) {
    const figures = [
      ...(runs > 1 ? [`${runs} times`] : []),
      ...(tookMs === undefined ? [] : [`${tookMs.toFixed(2)} ms`]),
      ...(rows === undefined ? [] : [`${rows} ${rows === 1 ? 'row' : 'rows'}`]),
      ...(isWrite(sql) && !analyzeWrites ? ['writes'] : []),
    ];
    lines.push('', `${i + 1}. ${sql.replaceAll(/\s+/g, ' ').trim()}`);
    if (parameters.length > 0) lines.push(`   with ${JSON.stringify(parameters, short)}`);
    if (figures.length > 0) lines.push(`   ${figures.join(', ')}`);
    lines.push(...plan.map((line) => `     ${line}`));
  }
  if (warnings.length > 0) lines.push('', ...warnings.map((warning) => `! ${warning}`));
  return lines.join('\n');
}

const LONGEST_VALUE = 80;

const short = (_name: string, value: unknown): unknown =>
  value instanceof Uint8Array
    ? `${value.byteLength} bytes`
    : typeof value === 'string' && value.length > LONGEST_VALUE
      ? `${value.slice(0, LONGEST_VALUE)}…`
      : value;
