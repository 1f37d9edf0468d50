import { z } from 'zod';
import { humanText, id, time } from './common.ts';

export const email = z
  .string()
  .max(254)
  .transform((s) => s.trim().toLowerCase())
  .pipe(z.email());
export const password = z.string().min(8, 'must have at least 8 characters').max(200);

export const user = z.object({
  id,
  email: z.string(),
  name: z.string(),
  role: z.enum(['admin', 'user']),
  createdAt: time,
});
export type User = z.infer<typeof user>;

export const registerBody = z.strictObject({ email, password, name: humanText(0, 100).optional() });
export const loginBody = z.strictObject({ email, password: z.string().min(1).max(200) });
export const session = z.object({
  user,
  accessToken: z.string(),
  expiresIn: z.int().describe('Seconds until the access token ends'),
});
export type Session = z.infer<typeof session>;

export const profile = user.extend({
  quotaMb: z.number().nullable(),
  usedBytes: z.int(),
  monthlyBudgetUsd: z.number().nullable(),
});
export type Profile = z.infer<typeof profile>;
export const patchMeBody = z
  .strictObject({
    name: humanText(0, 100).optional(),
    password: password.optional(),
    currentPassword: z.string().max(200).optional(),
  })
  .refine((b) => b.password === undefined || b.currentPassword !== undefined, {
    path: ['currentPassword'],
    message: 'is needed to change the password',
  });
export const deleteMeBody = z.strictObject({ password: z.string().min(1).max(200) }).optional();

export const scope = z.enum(['read', 'write']);
export type Scope = z.infer<typeof scope>;
export const createApiKeyBody = z.strictObject({
  name: humanText(1, 100),
  scopes: z.array(scope).min(1).max(2).default(['read', 'write']),
});
export const apiKey = z.object({
  id,
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(scope),
  createdAt: time,
  lastUsedAt: time.nullable(),
});
export type ApiKey = z.infer<typeof apiKey>;
export const createdApiKey = apiKey.extend({ key: z.string().describe('Shown once') });
