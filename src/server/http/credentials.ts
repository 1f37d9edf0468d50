import type { Config } from '../config.ts';
import { type AccessTokens, createAccessTokens } from './access-token.ts';
import { keptSecret } from './jwt-secret.ts';
import { createLoginThrottle, type LoginThrottle } from './login-throttle.ts';
import { createPasswords, type Passwords } from './passwords.ts';

/** What signing in needs, made once for the server. */
export interface Credentials {
  /** The first one makes what is new, all are taken. */
  readonly secrets: readonly [string, ...string[]];
  readonly tokens: AccessTokens;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
}

export function createCredentials(config: Config): Credentials {
  const { jwtSecretPrevious: previous } = config;
  const secrets = [
    config.jwtSecret ?? keptSecret(config.dataDir),
    ...(previous === undefined ? [] : [previous]),
  ] as const;
  return {
    secrets,
    tokens: createAccessTokens(secrets),
    passwords: createPasswords(),
    throttle: createLoginThrottle(),
  };
}
