import type { ItemError, Problem } from './common.ts';
import { ERRORS, type ErrorCode, problemType } from './errors.ts';

// apart from the schemas: threads that make problems do without zod, which takes 7 MB in each of them

export function makeProblem(
  code: ErrorCode,
  detail: string,
  place: { instance: string; requestId: string },
  errors?: readonly { path: string; message: string }[],
): Problem {
  const { status, title } = ERRORS[code];
  return {
    type: problemType(code),
    title,
    status,
    detail,
    ...place,
    ...(errors ? { errors: [...errors] } : {}),
  };
}

export const makeItemError = (code: ErrorCode, detail: string): ItemError => ({
  type: problemType(code),
  title: ERRORS[code].title,
  detail,
});
