import { z } from 'zod';
import { email } from './auth.ts';
import { humanText, id, time } from './common.ts';

export const collection = z.object({
  id,
  name: z.string(),
  role: z.enum(['owner', 'editor', 'viewer']).describe("The caller's own role"),
  documentCount: z.int(),
  createdAt: time,
  updatedAt: time,
});
export type Collection = z.infer<typeof collection>;
export const collectionBody = z.strictObject({ name: humanText(1, 100) });
export const member = z.object({
  userId: id,
  email: z.string(),
  name: z.string(),
  role: z.enum(['owner', 'editor', 'viewer']),
});
export type Member = z.infer<typeof member>;
export const memberBody = z.strictObject({ email, role: z.enum(['viewer', 'editor']) });
