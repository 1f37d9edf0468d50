import type { Config } from '../config.ts';
import { type AccessTokens, createAccessTokens } from './access-token.ts';
import { keptSecret } from './jwt-secret.ts';
import { createLoginThrottle, type LoginThrottle } from './login-throttle.ts';
import { createPasswords, type Passwords } from './passwords.ts';

/** What signing in needs, made once for the server. */
export interface Credentials {
  readonly secret: string;
  readonly tokens: AccessTokens;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
}

export function createCredentials(config: Config): Credentials {
  const secret = config.jwtSecret ?? keptSecret(config.dataDir);
  return {
    secret,
    tokens: createAccessTokens(secret),
    passwords: createPasswords(),
    throttle: createLoginThrottle(),
  };
}
