import { v7 } from 'uuid';

/** UUIDv7: opaque, and sorts by creation time (RFC 9562). */
export const newId = (): string => v7();

/** Now, as every table stores times. */
export const now = (): string => new Date().toISOString();
