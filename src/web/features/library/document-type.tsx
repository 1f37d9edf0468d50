import {
  BookOpen,
  Braces,
  FileCode,
  FileSpreadsheet,
  FileText,
  FileType,
  Globe,
  Hash,
  type LucideIcon,
  Mail,
  Presentation,
} from 'lucide-react';
import * as text from '../../text/text.ts';

type Kind = keyof typeof text.library.types;

/** Of the type's own name, for the many office formats and their macros. */
const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/pdf/, 'pdf'],
  [/csv|tab-separated/, 'csv'],
  [/presentation|powerpoint/, 'slides'],
  [/spreadsheet|excel/, 'sheet'],
  [/wordprocessing|msword|opendocument\.text/, 'word'],
  [/markdown/, 'markdown'],
  [/html/, 'html'],
  [/rfc822|outlook/, 'email'],
  [/epub/, 'book'],
  [/json/, 'json'],
  [/rtf/, 'rtf'],
  [/source|javascript|css|xml|yaml/, 'code'],
];
const ICONS: Record<Kind, LucideIcon> = {
  pdf: FileText,
  word: FileType,
  slides: Presentation,
  sheet: FileSpreadsheet,
  csv: FileSpreadsheet,
  markdown: Hash,
  html: Globe,
  email: Mail,
  book: BookOpen,
  json: Braces,
  code: FileCode,
  rtf: FileType,
  text: FileText,
};

const kindOf = (mimeType: string): Kind => KINDS.find(([pattern]) => pattern.test(mimeType))?.[1] ?? 'text';

/** What people call the format. */
export const typeName = (mimeType: string): string => text.library.types[kindOf(mimeType)];

/** Decoration: the name stands beside it or in the file's name. */
export function TypeIcon({ mimeType, className }: { mimeType: string; className?: string }) {
  const Icon = ICONS[kindOf(mimeType)];
  return <Icon aria-hidden className={className} />;
}
