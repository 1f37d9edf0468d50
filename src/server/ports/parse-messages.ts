import type { ErrorCode } from '../../contract/errors.ts';
import type { ParsedDocument, ParseInput } from './parser.ts';

/** What a parser that runs in a child process and that process say to each other over IPC. */
export type ToParseProcess = { readonly call: number; readonly file: ParseInput } | { readonly warm: true };

export type FromParseProcess =
  | { readonly ready: true }
  | { readonly reply: number; readonly document: ParsedDocument }
  | { readonly reply: number; readonly error: { readonly code: ErrorCode; readonly message: string } };
