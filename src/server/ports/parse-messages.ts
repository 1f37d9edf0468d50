import type { ErrorCode } from '../../contract/errors.ts';
import type { ParsedPart, ParseInput } from './parser.ts';

/** What a parser that runs in a child process and that process say to each other over IPC. */
export type ToParseProcess =
  | { readonly call: number; readonly file: ParseInput }
  | { readonly call: number; readonly file: ParseInput; readonly drawPage: number }
  | { readonly warm: true };

export type FromParseProcess =
  | { readonly ready: true }
  /** The call ends with its last part, or with an error. */
  | { readonly reply: number; readonly part: ParsedPart }
  | { readonly reply: number; readonly image: Uint8Array }
  | { readonly reply: number; readonly error: { readonly code: ErrorCode; readonly message: string } };
