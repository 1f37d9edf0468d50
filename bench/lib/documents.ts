import { strToU8, zipSync } from 'fflate';

/** Made documents of any size: plain PDF and DOCX files with text that reads like prose. */

/** Deterministic pseudo-random numbers in [0, 1) (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const STEMS =
  'river market engine harbor signal winter garden letter copper forest mirror bridge candle orbit valley thread anchor planet marble window ledger turbine glacier lantern compass orchard pigment quarry saddle tunnel vessel beacon cabin delta ember fabric granite hollow island jacket kernel ladder magnet needle oxygen pepper quiver ribbon silver timber umbrella violet wagon yellow zephyr';
const WORDS = STEMS.split(' ').flatMap((w) => [w, `${w}s`, `${w}ing`, `re${w}`, `${w}al`]);
const SMALL =
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years where much your way down should because long each just state those people too'.split(
    ' ',
  );

/** A sentence of 8–20 words; every third word is a common one, as in prose. Rare names make questions possible. */
function sentence(random: () => number): string {
  const words: string[] = [];
  const length = 8 + Math.floor(random() * 13);
  for (let i = 0; i < length; i++) {
    const roll = random();
    if (roll < 0.45) words.push(SMALL[Math.floor(random() ** 2 * SMALL.length)] ?? 'the');
    else if (roll < 0.97) words.push(WORDS[Math.floor(random() ** 1.6 * WORDS.length)] ?? 'river');
    else words.push(`${WORDS[Math.floor(random() * WORDS.length)]}${Math.floor(random() * 9000)}`);
  }
  const text = words.join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Paragraphs of about `characters` in all. */
export function prose(characters: number, seed: number): string[] {
  const random = randomFrom(seed);
  const paragraphs: string[] = [];
  let made = 0;
  while (made < characters) {
    const sentences = Array.from({ length: 3 + Math.floor(random() * 5) }, () => sentence(random));
    const paragraph = sentences.join(' ');
    paragraphs.push(paragraph);
    made += paragraph.length + 2;
  }
  return paragraphs;
}

export interface MadeFile {
  /** A word that stands on the last page only. */
  readonly lastWord?: string;
  /** Bytes that no parser reads as text (a picture), to reach the size of a real file. */
  readonly ballastBytes?: number;
}

/** A text PDF: `pages` pages of about 3,000 characters in Helvetica; uncompressed, so bytes ≈ characters. */
export function makePdf(
  pages: number,
  seed: number,
  { lastWord, ballastBytes = 0 }: MadeFile = {},
): Uint8Array {
  const objects: string[] = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  const kids: number[] = [];
  for (let page = 0; page < pages; page++) {
    const lines = prose(3000, seed * 100_003 + page).flatMap((paragraph) => [...wrap(paragraph, 95), '']);
    if (page === pages - 1 && lastWord !== undefined) lines.push(`The last word is ${lastWord}.`);
    const content = `BT /F1 10 Tf 12 TL 50 790 Td ${lines.map((line) => `(${line.replace(/[\\()]/g, '\\$&')}) '`).join('\n')} ET`;
    objects.push(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${objects.length} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
    );
    kids.push(objects.length);
  }
  if (ballastBytes > 0)
    objects.push(
      `<< /Length ${ballastBytes} >>\nstream\n${noise(ballastBytes, seed).toString('latin1')}\nendstream`,
    );
  objects[1] = `<< /Type /Pages /Count ${pages} /Kids [${kids.map((n) => `${n} 0 R`).join(' ')}] >>`;
  const parts = ['%PDF-1.4\n'];
  const offsets: number[] = [];
  let offset = parts[0]?.length ?? 0;
  objects.forEach((body, i) => {
    const part = `${i + 1} 0 obj\n${body}\nendobj\n`;
    offsets.push(offset);
    offset += part.length;
    parts.push(part);
  });
  parts.push(
    `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((o) => `${String(o).padStart(10, '0')} 00000 n \n`).join('')}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${offset}\n%%EOF\n`,
  );
  return Buffer.from(parts.join(''), 'latin1');
}

/** Bytes that do not compress. */
function noise(bytes: number, seed: number): Buffer {
  const random = randomFrom(seed);
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  return Buffer.from(words.buffer, 0, bytes);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** A DOCX with about `characters` of text under a heading every 20 paragraphs; stored, so bytes exceed characters. */
export function makeDocx(
  characters: number,
  seed: number,
  { lastWord, ballastBytes = 0 }: MadeFile = {},
): Uint8Array {
  const body = prose(characters, seed).map((paragraph, i) =>
    i % 20 === 0
      ? `<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Part ${i / 20 + 1}</w:t></w:r></w:p>`
      : `<w:p><w:r><w:t>${paragraph}</w:t></w:r></w:p>`,
  );
  if (lastWord !== undefined) body.push(`<w:p><w:r><w:t>The last word is ${lastWord}.</w:t></w:r></w:p>`);
  const files: Record<string, Uint8Array> = {
    '[Content_Types].xml': strToU8(
      '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
    ),
    '_rels/.rels': strToU8(
      '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
    ),
    'word/document.xml': strToU8(
      `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body.join('')}</w:body></w:document>`,
    ),
  };
  if (ballastBytes > 0) files['word/media/image1.bin'] = noise(ballastBytes, seed);
  return zipSync(files, { level: 0 });
}
