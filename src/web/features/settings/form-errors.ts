import { messageOf, ProblemError } from '../../client/problem.ts';

/** What the server says of each field, and of the whole where it names none. */
export function formErrors(error: unknown): {
  readonly fields: Readonly<Record<string, string>>;
  readonly whole: string | undefined;
} {
  if (error === null || error === undefined) return { fields: {}, whole: undefined };
  const named = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  if (named.length === 0) return { fields: {}, whole: messageOf(error) };
  return {
    fields: Object.fromEntries(
      named.map(({ path, message }) => [path, `${message.charAt(0).toUpperCase()}${message.slice(1)}`]),
    ),
    whole: undefined,
  };
}
