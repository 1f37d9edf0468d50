/** What PostgreSQL's errors mean to whoever repeats a transaction. Codes: PostgreSQL, Appendix A. */

const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? '');

/** Two transactions could not both be as if one had come after the other, or waited for each other. */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01']);
/** A row came or went between the look and the write; seen from a new transaction it was always so. */
const COLLISIONS: ReadonlySet<string> = new Set(['23505', '23503']);

export const isConflict = (error: unknown): boolean => CONFLICTS.has(codeOf(error));
export const isCollision = (error: unknown): boolean => COLLISIONS.has(codeOf(error));
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';
/** The server ended a statement that ran for too long. */
export const isStatementTimeout = (error: unknown): boolean => codeOf(error) === '57014';

/** Of the socket, or of a server that shuts down, starts, or has no room. */
const LOST: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['57P01', '57P02', '57P03', '08000', '08003', '08006', '53300'],
]);

/** pg gives these no code. */
const LOST_SENTENCES =
  /^Connection terminated|^Client has encountered a connection error|^timeout exceeded when trying to connect|connection timeout/;

/** Whether the connection is gone, or never was. */
export const isLost = (error: unknown): boolean =>
  LOST.has(codeOf(error)) || (error instanceof Error && LOST_SENTENCES.test(error.message));
