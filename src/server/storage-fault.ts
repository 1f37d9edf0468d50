import type { ErrorCode } from '../contract/errors.ts';

/** Where data is kept takes nothing now. It is nobody's document that is at fault, and it passes. */
export interface StorageFault {
  readonly code: Extract<ErrorCode, 'STORAGE_FULL' | 'STORAGE_READ_ONLY' | 'DATABASE_LOCKED'>;
  /** For whoever asked for a change. */
  readonly detail: string;
  readonly retryAfterSeconds: number;
}

const FULL: StorageFault = {
  code: 'STORAGE_FULL',
  detail:
    'The disk of this server is full, and nothing was stored. What is there can be read and searched. Try again once there is room.',
  retryAfterSeconds: 60,
};
const READ_ONLY: StorageFault = {
  code: 'STORAGE_READ_ONLY',
  detail:
    'The disk of this server can only be read now, and nothing was stored. What is there can be read and searched. Try again once it is writable.',
  retryAfterSeconds: 60,
};
const LOCKED: StorageFault = {
  code: 'DATABASE_LOCKED',
  detail: 'Another program holds the database, and nothing was changed. Try again in a moment.',
  retryAfterSeconds: 5,
};

/**
 * By the codes of the system (errno), of SQLite (result codes) and of PostgreSQL (Appendix A). SQLite gives a quota
 * that is used up, and a disk that became read-only, no code of their own: they are errors of the write itself.
 */
const FAULTS: Readonly<Record<string, StorageFault>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  SQLITE_FULL: FULL,
  SQLITE_IOERR_WRITE: FULL,
  SQLITE_IOERR_SHMSIZE: FULL,
  '53100': FULL,
  EROFS: READ_ONLY,
  SQLITE_READONLY: READ_ONLY,
  SQLITE_READONLY_DIRECTORY: READ_ONLY,
  SQLITE_READONLY_CANTLOCK: READ_ONLY,
  SQLITE_READONLY_ROLLBACK: READ_ONLY,
  SQLITE_READONLY_RECOVERY: READ_ONLY,
  '25006': READ_ONLY,
  SQLITE_BUSY: LOCKED,
  SQLITE_BUSY_RECOVERY: LOCKED,
  SQLITE_BUSY_SNAPSHOT: LOCKED,
  SQLITE_BUSY_TIMEOUT: LOCKED,
};

/** Whether `error`, or what caused it, is such a fault. */
export function storageFault(error: unknown): StorageFault | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && Object.hasOwn(FAULTS, code)) return FAULTS[code];
  }
  return undefined;
}
