import { z } from 'zod';

export const id = z.string().min(1).max(64).describe('Opaque id that sorts by creation time');
export const time = z.iso.datetime().describe('ISO 8601, UTC');

/** RFC 9457 problem details. */
export const problem = z.object({
  type: z.string().describe('Stable slug, for example urn:ka:error:unsupported-format'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof problem>;

/** Why one item of many failed. */
export const itemError = z.object({ type: z.string(), title: z.string(), detail: z.string() });
export type ItemError = z.infer<typeof itemError>;
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1000).optional(),
});

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable(), total: z.int() });
export interface ListPage<T> {
  items: T[];
  nextCursor: string | null;
  total: number;
}

/** Text that a person typed: trimmed, no NUL or lone surrogates. */
export const humanText = (min: number, max: number) =>
  z
    .string()
    .refine((s) => s.isWellFormed() && !s.includes('\0'), 'must be well-formed text without NUL')
    .transform((s) => s.trim())
    .pipe(z.string().min(min).max(max));
