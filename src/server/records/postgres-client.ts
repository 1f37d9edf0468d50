import { readFileSync } from 'node:fs';
import type { ClientConfig, CustomTypesConfig } from 'pg';
import pg from 'pg';

/** A statement that runs longer is ended by the server. */
export const STATEMENT_TIMEOUT_MS = 30_000;
/** So long a statement waits for another transaction's lock. */
export const LOCK_TIMEOUT_MS = 10_000;
/** A transaction whose process hangs must not hold its locks for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;

const INT8 = 20;
const NUMERIC = 1700;
const BYTEA = 17;

/** Values as SQLite's driver gives them: every integer is a number, every blob has memory of its own. */
const types: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary') {
      if (oid === INT8 || oid === NUMERIC) return toNumber;
      if (oid === BYTEA) return toBytes;
    }
    return pg.types.getTypeParser(oid, format as 'text');
  }) as CustomTypesConfig['getTypeParser'],
};

function toNumber(text: string): number {
  const number = Number(text);
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER)
    throw new RangeError(`${text} from the database is beyond the safe integers`);
  return number;
}

/** @param text `\x` and two digits a byte. */
const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'));

/**
 * How a client connects.
 *
 * @param url `postgres://…`; `sslmode` in it means what it means to libpq: `require` encrypts without asking who the
 * server is, `verify-full` checks its certificate, and so does a `caFile`.
 * @param caFile PEM file of the authority that signed the server's certificate.
 */
export function clientConfig(url: string, caFile?: string): ClientConfig {
  const address = new URL(url);
  const mode = address.searchParams.get('sslmode');
  const authority = caFile ?? address.searchParams.get('sslrootcert') ?? undefined;
  for (const name of ['sslmode', 'sslrootcert', 'ssl']) address.searchParams.delete(name);
  return {
    connectionString: address.href,
    types,
    application_name: 'knowledge-assistant',
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ssl: tlsFor(mode, authority),
  };
}

function tlsFor(mode: string | null, authority: string | undefined): ClientConfig['ssl'] {
  if (authority !== undefined && mode !== 'disable')
    return { ca: readFileSync(authority, 'utf8'), rejectUnauthorized: true, ...hostChecked(mode) };
  switch (mode) {
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-ca':
    case 'verify-full':
      return { rejectUnauthorized: true, ...hostChecked(mode) };
    default:
      return false;
  }
}

/** `verify-ca` takes any server that the authority vouches for, whatever its name. */
const hostChecked = (mode: string | null) =>
  mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {};
