/**
 * What one file may unpack to. Generous against real documents (a 10 MB DOCX of plain text holds some 60 MB
 * of XML and 8 M characters), small against the time and memory that the parse process may take.
 */
export const LIMITS = {
  /** Characters of extracted text over all pages. */
  textLength: 50_000_000,
  pages: 20_000,
  zipEntries: 10_000,
  /** Inflated bytes of one entry, and of all entries that are read. */
  zipEntryBytes: 256 * 1024 * 1024,
  zipTotalBytes: 512 * 1024 * 1024,
  /** Inflated to packed, once more than `zipRatioFromBytes` came out: deflate reaches 1,032, office XML some 50. */
  zipRatio: 200,
  zipRatioFromBytes: 16 * 1024 * 1024,
  /** Attachments inside attachments of a mail. */
  mailDepth: 2,
} as const;
