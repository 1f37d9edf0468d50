import type { Session, User } from '../../contract/auth.ts';
import { problemOf, UnreachableError } from './problem.ts';
import { createStore } from './store.ts';

/**
 * Who is signed in. `expired`: the session ended while the page was in use; the page stays as it is, asks for the
 * password again and then goes on, so that nothing typed is lost.
 */
export type SessionState =
  | { readonly status: 'unknown' | 'signed-out' }
  | { readonly status: 'signed-in' | 'expired'; readonly user: User };

const state = createStore<SessionState>({ status: 'unknown' });
export const session: Pick<typeof state, 'get' | 'subscribe'> = state;

/** In memory only: a script that got into the page later finds no token at rest. */
let accessToken: string | undefined;
export const currentToken = () => accessToken;

/** Whether this browser was signed in when last used: who never was is not asked for a cookie that isn't there. */
const KNOWN = 'ka.signed-in';
const isKnown = () => localStorage.getItem(KNOWN) !== null;

/** Tells the other tabs. */
const tabs = new BroadcastChannel('ka-session');
type TabMessage = { readonly session: Session } | { readonly signedOut: true };
tabs.onmessage = ({ data }: MessageEvent<TabMessage>) => {
  if ('signedOut' in data) forget();
  else keep(data.session);
};
const tellTabs = (message: TabMessage) => tabs.postMessage(message);

let signedInAgain = Promise.withResolvers<boolean>();

function keep(started: Session): User {
  const before = state.get();
  // another person's pages must not stay on the screen
  if ('user' in before && before.user.id !== started.user.id) location.assign('/');
  accessToken = started.accessToken;
  localStorage.setItem(KNOWN, 'yes');
  state.set({ status: 'signed-in', user: started.user });
  signedInAgain.resolve(true);
  signedInAgain = Promise.withResolvers();
  return started.user;
}

function forget(): void {
  accessToken = undefined;
  localStorage.removeItem(KNOWN);
  state.set({ status: 'signed-out' });
  signedInAgain.resolve(false);
  signedInAgain = Promise.withResolvers();
}

async function send(path: string, body?: unknown): Promise<Response> {
  const init: RequestInit = { method: 'POST' };
  if (body !== undefined) {
    init.headers = { 'content-type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, init);
  } catch (error) {
    throw new UnreachableError(error);
  }
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
  readonly name?: string;
}

/** @throws ProblemError, UnreachableError */
export async function signIn(kind: 'login' | 'register', credentials: Credentials): Promise<User> {
  const response = await send(`/api/v1/auth/${kind}`, credentials);
  if (!response.ok) throw await problemOf(response);
  const started = (await response.json()) as Session;
  tellTabs({ session: started });
  return keep(started);
}

let renewing: Promise<boolean> | undefined;

/**
 * A new access token for the refresh cookie; calls that come together share one request. False when the session
 * is over, which turns a page in use into one that asks for the password.
 *
 * @throws UnreachableError, ProblemError when the server could not say
 */
export function renewSession(): Promise<boolean> {
  renewing ??= renew().finally(() => {
    renewing = undefined;
  });
  return renewing;
}

async function renew(): Promise<boolean> {
  const response = await send('/api/v1/auth/refresh');
  if (response.ok) {
    const started = (await response.json()) as Session;
    keep(started);
    tellTabs({ session: started });
    return true;
  }
  if (response.status !== 401 && response.status !== 403) throw await problemOf(response);
  accessToken = undefined;
  localStorage.removeItem(KNOWN);
  const before = state.get();
  state.set('user' in before ? { status: 'expired', user: before.user } : { status: 'signed-out' });
  return false;
}

/** Resolves once the person signed in again (true) or left (false). */
export const signInAgain = (): Promise<boolean> => signedInAgain.promise;

/** The session of the refresh cookie, at the start of the page. @throws as `renewSession` */
export async function resumeSession(): Promise<void> {
  if (isKnown()) await renewSession();
  else state.set({ status: 'signed-out' });
}

export async function signOut(): Promise<void> {
  await send('/api/v1/auth/logout').catch(() => undefined);
  tellTabs({ signedOut: true });
  forget();
}

/** The profile was changed: the name in the corner follows. */
export function userChanged(user: User): void {
  const before = state.get();
  if (before.status === 'signed-in') state.set({ status: 'signed-in', user });
}
