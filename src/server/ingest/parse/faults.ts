import { AppError } from '../../errors.ts';

/** The ways a file can disappoint, each with a sentence for the person who uploaded it. */
export const broken = (what: string, cause?: unknown): AppError =>
  new AppError(
    'FILE_BROKEN',
    `${what} Open it in the program it came from, save it again, and upload that copy.`,
    {
      cause,
    },
  );

export const encrypted = (): AppError =>
  new AppError(
    'FILE_ENCRYPTED',
    'The file is protected by a password. Remove the protection and upload it again.',
  );

export const empty = (): AppError =>
  new AppError('FILE_EMPTY', 'No text was found in the file. Check that it is the file you meant.');

export const tooComplex = (what: string): AppError =>
  new AppError('FILE_TOO_COMPLEX', `${what} Split it into smaller files, or export the text alone.`);

/** @param why ends the sentence. */
export const needsOcr = (why = 'reading text from pictures is not turned on'): AppError =>
  new AppError(
    'NEEDS_OCR',
    `The file holds pictures of text only, and ${why}. Upload a version with real text.`,
  );

export const unsupported = (what: string): AppError =>
  new AppError(
    'UNSUPPORTED_FORMAT',
    `${what} Upload it as PDF, an Office or OpenDocument file, HTML, Markdown, CSV or plain text.`,
  );
