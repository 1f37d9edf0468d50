import { CompoundFile } from './compound-file.ts';
import type { DocumentWriter } from './document-writer.ts';
import { encrypted, unsupported } from './faults.ts';

/** The formats that share the compound file: DOC, XLS, PPT, and office files under a password. */
export async function readLegacyOffice(bytes: Buffer, out: DocumentWriter): Promise<'doc' | 'xls' | 'ppt'> {
  const file = new CompoundFile(bytes);
  // a password turns DOCX, PPTX and XLSX into this ([MS-OFFCRYPTO] 2.3)
  if (file.has('EncryptedPackage') || file.has('EncryptionInfo')) throw encrypted();
  const word = file.stream('WordDocument');
  if (word !== undefined) {
    (await import('./doc.ts')).readDoc(file, word, out);
    return 'doc';
  }
  const workbook = file.stream('Workbook') ?? file.stream('Book');
  if (workbook !== undefined) {
    (await import('./xls.ts')).readXls(workbook, out);
    return 'xls';
  }
  const slides = file.stream('PowerPoint Document');
  if (slides !== undefined) {
    (await import('./ppt.ts')).readPpt(file, slides, out);
    return 'ppt';
  }
  throw unsupported(
    'The file is of an old Microsoft format that cannot be read (such as an Outlook message).',
  );
}
