import { createSigner, createVerifier } from 'fast-jwt';
import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';

export const ACCESS_TOKEN_SECONDS = 15 * 60;

export interface AccessTokens {
  sign(claims: { userId: string; sessionId: string }): string;
  /** @throws AppError UNAUTHENTICATED for a token that is not ours or has run out. */
  verify(token: string): { userId: string; sessionId: string };
}

interface Claims {
  readonly sub: string;
  readonly sid: string;
  readonly iat: number;
  readonly exp: number;
}

/**
 * Access tokens: JWT, HS256 and nothing else. A token that verified once is remembered until it runs out:
 * checking a signature takes 10 times as long as finding it again.
 *
 * @param secrets the first one signs, all are taken.
 * @param now milliseconds since 1970.
 */
export function createAccessTokens(
  secrets: readonly [string, ...string[]],
  now: () => number = () => Date.now(),
): AccessTokens {
  const sign = createSigner({ key: secrets[0], algorithm: 'HS256' });
  const checks = secrets.map((key) =>
    createVerifier({
      key,
      algorithms: ['HS256'],
      requiredClaims: ['sub', 'sid', 'exp'],
      ignoreExpiration: true,
    }),
  );
  const check = (token: string): Claims => {
    let fault: unknown;
    for (const one of checks) {
      try {
        return one(token) as Claims;
      } catch (error) {
        fault ??= error;
      }
    }
    throw fault;
  };
  const verified = new LRUCache<string, Claims>({ max: 5000 });
  return {
    sign({ userId, sessionId }) {
      const iat = Math.floor(now() / 1000);
      return sign({ sub: userId, sid: sessionId, iat, exp: iat + ACCESS_TOKEN_SECONDS });
    },
    verify(token) {
      let claims = verified.get(token);
      if (claims === undefined) {
        try {
          claims = check(token);
        } catch (cause) {
          throw new AppError('UNAUTHENTICATED', 'The access token is not valid.', { cause });
        }
        verified.set(token, claims);
      }
      if (claims.exp * 1000 <= now())
        throw new AppError('UNAUTHENTICATED', 'The access token has run out: refresh it.');
      return { userId: claims.sub, sessionId: claims.sid };
    },
  };
}
