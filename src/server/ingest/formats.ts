import { MIME_TYPES } from './parse/detect.ts';

/** What can be read, for people and pickers. The type itself comes from the content, never from the name. */
export const FORMATS: readonly { readonly mimeType: string; readonly extensions: readonly string[] }[] = [
  { mimeType: MIME_TYPES.pdf, extensions: ['pdf'] },
  { mimeType: MIME_TYPES.docx, extensions: ['docx', 'docm', 'dotx'] },
  { mimeType: MIME_TYPES.pptx, extensions: ['pptx', 'pptm', 'ppsx'] },
  { mimeType: MIME_TYPES.xlsx, extensions: ['xlsx', 'xlsm'] },
  { mimeType: MIME_TYPES.odt, extensions: ['odt'] },
  { mimeType: MIME_TYPES.ods, extensions: ['ods'] },
  { mimeType: MIME_TYPES.odp, extensions: ['odp'] },
  { mimeType: MIME_TYPES.epub, extensions: ['epub'] },
  { mimeType: MIME_TYPES.doc, extensions: ['doc'] },
  { mimeType: MIME_TYPES.xls, extensions: ['xls'] },
  { mimeType: MIME_TYPES.ppt, extensions: ['ppt'] },
  { mimeType: MIME_TYPES.rtf, extensions: ['rtf'] },
  { mimeType: MIME_TYPES.html, extensions: ['html', 'htm', 'xhtml'] },
  { mimeType: MIME_TYPES.markdown, extensions: ['md', 'markdown', 'mdx'] },
  { mimeType: MIME_TYPES.text, extensions: ['txt', 'text', 'log', 'rst', 'adoc', 'org', 'tex'] },
  { mimeType: MIME_TYPES.csv, extensions: ['csv', 'tsv'] },
  { mimeType: MIME_TYPES.json, extensions: ['json'] },
  { mimeType: MIME_TYPES.jsonl, extensions: ['jsonl', 'ndjson'] },
  { mimeType: MIME_TYPES.eml, extensions: ['eml'] },
  {
    mimeType: MIME_TYPES.code,
    extensions:
      'js mjs cjs ts tsx jsx py rb go rs java kt swift c h cc cpp hpp cs php sh sql yaml yml toml ini css scss lua r jl scala'.split(
        ' ',
      ),
  },
];
