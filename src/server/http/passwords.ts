import * as crypto from 'node:crypto';
import { promisify } from 'node:util';
import { createConcurrencyLimit } from './concurrency-limit.ts';

/**
 * Password hashes in PHC form. Argon2id as OWASP's password storage cheat sheet gives it for least memory
 * (19 MiB, 2 passes, 1 lane); scrypt (N 2^14, r 8, p 5, of the same sheet) where Node has no argon2 (before
 * 24.7). Both verify wherever they can be computed.
 */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** @param stored undefined when there is no such account: the same work is done, and the answer is false. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
  /** Whether the hash was made with other parameters than today's. */
  isOutdated(stored: string): boolean;
}

const MEMORY_KIB = 19 * 1024;
const PASSES = 2;
const SCRYPT = { logN: 14, r: 8, p: 5 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** Two at a time take 38 MiB and two threads of the pool, which files are read with too. */
const AT_A_TIME = 2;
const IN_LINE = 200;

const hasArgon2 = typeof crypto.argon2 === 'function';
const runScrypt = promisify<string, Buffer, number, crypto.ScryptOptions, Buffer>(crypto.scrypt);

/** @param useArgon2 for tests of the other algorithm. */
export function createPasswords(useArgon2 = hasArgon2): Passwords {
  const limited = createConcurrencyLimit(AT_A_TIME, IN_LINE);
  const prefix = useArgon2
    ? argon2Prefix(MEMORY_KIB, PASSES, 1)
    : scryptPrefix(SCRYPT.logN, SCRYPT.r, SCRYPT.p);
  const nobody = `${prefix}${base64(Buffer.alloc(SALT_BYTES))}$${base64(Buffer.alloc(TAG_BYTES))}`;
  return {
    async hash(password) {
      const salt = crypto.randomBytes(SALT_BYTES);
      const tag = await limited(() => derive(prefix, password, salt, TAG_BYTES));
      return `${prefix}${base64(salt)}$${base64(tag)}`;
    },
    async verify(password, stored) {
      const { parameters, salt, tag } = parse(stored ?? nobody);
      const derived = await limited(() => derive(parameters, password, salt, tag.length));
      return crypto.timingSafeEqual(derived, tag) && stored !== undefined;
    },
    isOutdated: (stored) => !stored.startsWith(prefix),
  };
}

const argon2Prefix = (memory: number, passes: number, lanes: number) =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$`;
const scryptPrefix = (logN: number, r: number, p: number) => `$scrypt$ln=${logN},r=${r},p=${p}$`;
const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');

function parse(stored: string): { parameters: string; salt: Buffer; tag: Buffer } {
  const match = /^(\$.+\$)([\w+/]+)\$([\w+/]+)$/.exec(stored);
  if (match === null) throw new Error('a stored password hash has an unknown form');
  const [, parameters, salt, tag] = match as unknown as [string, string, string, string];
  return { parameters, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

/** Off the main thread either way. @param parameters the part of the PHC string in front of the salt. */
function derive(parameters: string, password: string, salt: Buffer, length: number): Promise<Buffer> {
  // equal passwords may be typed as different code points
  const message = password.normalize('NFKC');
  const argon2 = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$$/.exec(parameters)?.slice(1).map(Number);
  if (argon2 !== undefined) {
    if (!hasArgon2) throw new Error('this password was hashed with argon2id, which needs Node 24.7 or newer');
    const [memory, passes, parallelism] = argon2 as [number, number, number];
    return new Promise((resolve, reject) => {
      crypto.argon2(
        'argon2id',
        { message, nonce: salt, parallelism, tagLength: length, memory, passes },
        (error, tag) => (error === null ? resolve(tag) : reject(error)),
      );
    });
  }
  const scrypt = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$$/.exec(parameters)?.slice(1).map(Number);
  if (scrypt === undefined) throw new Error('a stored password hash has an unknown form');
  const [logN, r, p] = scrypt as [number, number, number];
  return runScrypt(message, salt, length, { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r });
}
