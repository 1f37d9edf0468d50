import { messageOf, ProblemError } from '../../client/problem.ts';
import * as text from '../../text/text.ts';

/** What is wrong, by field; `whole` for what belongs to none. */
export type Faults = Readonly<Partial<Record<'email' | 'password' | 'name' | 'whole', string>>>;

const FIELDS: readonly string[] = ['email', 'password', 'name'];

/** What can be told without the server. The server has the last word on what an address or a password is. */
export function faultsOfFields({ email, password }: { email: string; password: string }): Faults {
  const words = text.signIn;
  return {
    ...(email.trim() === ''
      ? { email: words.emailMissing }
      : /\S@\S/.test(email)
        ? {}
        : { email: words.emailOdd }),
    ...(password === '' ? { password: words.passwordMissing } : {}),
  };
}

export function faultsOfError(error: unknown): Faults {
  const named = (error instanceof ProblemError ? (error.problem.errors ?? []) : []).filter(({ path }) =>
    FIELDS.includes(path),
  );
  if (named.length === 0) return { whole: messageOf(error) };
  return Object.fromEntries(
    named.map(({ path, message }) => [path, path === 'email' ? text.signIn.emailOdd : asSentence(message)]),
  );
}

const asSentence = (message: string) => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
