import type { Address } from 'postal-mime';
import PostalMime from 'postal-mime';
import { AppError } from '../../errors.ts';
import type { ParsedDocument } from '../../ports/parser.ts';
import type { DocumentWriter } from './document-writer.ts';
import { readHtml } from './html.ts';
import { writePlainText } from './plain-text.ts';

type ReadAttachment = (bytes: Buffer, extension: string) => Promise<ParsedDocument>;

/**
 * A mail: its sender, receivers and date as lines, then its text, then each attachment that can be read as pages.
 * @param read undefined when the mail lies too deep inside other mails.
 */
export async function readMail(
  bytes: Buffer,
  out: DocumentWriter,
  read: ReadAttachment | undefined,
): Promise<void> {
  const mail = await PostalMime.parse(bytes, { maxNestingDepth: 50, rfc822Attachments: true });
  out.title = mail.subject;
  out.newPage();
  if (mail.subject) out.heading(mail.subject, 1);
  const head = [
    ['From', people(mail.from === undefined ? [] : [mail.from])],
    ['To', people(mail.to)],
    ['Cc', people(mail.cc)],
    ['Date', mail.date ?? ''],
  ];
  out.paragraph(
    head
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  );
  if (mail.text?.trim()) writePlainText(mail.text.replaceAll('\f', '\n'), out);
  else if (mail.html) readHtml(mail.html, out, false);
  if (read === undefined) return;
  for (const { filename, mimeType, related, content } of mail.attachments) {
    const name = filename ?? '';
    // what a page is drawn with, and the pictures in its text
    if (FURNITURE.test(mimeType) || (related && (name === '' || mimeType.startsWith('image/')))) continue;
    if (typeof content === 'string' || content.byteLength === 0) continue;
    const bytes =
      content instanceof Uint8Array
        ? Buffer.from(content.buffer, content.byteOffset, content.byteLength)
        : Buffer.from(content);
    await appendAttachment(bytes, name || (mimeType === 'message/rfc822' ? 'message.eml' : ''), read, out);
  }
}

const FURNITURE =
  /^(?:text\/css|(?:text|application)\/(?:x-)?javascript|font\/.*|application\/(?:pgp|pkcs7|x-pkcs7)-signature)$/i;

/** Pictures and programs in a mail are no reason to refuse the mail. */
async function appendAttachment(
  bytes: Buffer,
  name: string,
  read: ReadAttachment,
  out: DocumentWriter,
): Promise<void> {
  const dot = name.lastIndexOf('.');
  try {
    const attached = await read(bytes, dot === -1 ? '' : name.slice(dot + 1).toLowerCase());
    for (const [i, page] of attached.pages.entries()) {
      out.newPage();
      if (i === 0 && name !== '') out.heading(name, 1);
      out.appendPage(page);
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'FILE_TOO_COMPLEX') throw error;
    if (name !== '') out.paragraph(`Attachment: ${name}`);
  }
}

const people = (list: readonly Address[] | undefined): string =>
  (list ?? [])
    .flatMap((entry) => (entry.group !== undefined && entry.group.length > 0 ? entry.group : [entry]))
    .map(({ name, address }) => (name && address ? `${name} <${address}>` : name || address))
    .join(', ');
