import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

interface Style {
  readonly basedOn: string | undefined;
  /** 0 for a heading of level 1; 9 is body text. */
  readonly outline: number | undefined;
  readonly list: { id: string; level: number } | undefined;
}

export interface NumberingLevel {
  readonly format: string;
  /** `%1.%2.`: the counters of the levels. */
  readonly text: string;
  readonly start: number;
}

export class DocxStyles {
  readonly #styles: ReadonlyMap<string, Style>;
  /** Levels by the id that paragraphs refer to. */
  numbering: ReadonlyMap<string, readonly NumberingLevel[]> = new Map();

  constructor(styles: ReadonlyMap<string, Style>) {
    this.#styles = styles;
  }

  /** What a style says or inherits about headings and lists. */
  of(id: string | undefined): Pick<Style, 'outline' | 'list'> {
    let outline: number | undefined;
    let list: Style['list'];
    let next = id;
    // styles of a damaged file may inherit in a circle
    for (let i = 0; i < 20 && next !== undefined; i++) {
      const style = this.#styles.get(next);
      outline ??= style?.outline ?? (style === undefined ? headingLevel(next) : undefined);
      list ??= style?.list;
      next = style?.basedOn;
    }
    return { outline, list };
  }
}

export async function readStyles(zip: ZipArchive, part: string): Promise<DocxStyles> {
  const styles = new Map<string, Style>();
  let id: string | undefined;
  let style: { -readonly [K in keyof Style]: Style[K] } = {
    basedOn: undefined,
    outline: undefined,
    list: undefined,
  };
  await readXml(zip.stream(part), {
    open(name, attributes) {
      const value = attribute(attributes, 'val');
      if (name === 'style') {
        id = attribute(attributes, 'type') === 'paragraph' ? attribute(attributes, 'styleId') : undefined;
        style = { basedOn: undefined, outline: undefined, list: undefined };
      } else if (name === 'name') style.outline ??= headingLevel(value ?? '');
      else if (name === 'basedOn') style.basedOn = value;
      else if (name === 'outlineLvl') style.outline = Number(value);
      else if (name === 'numId') style.list = { id: value ?? '', level: style.list?.level ?? 0 };
      else if (name === 'ilvl') style.list = { id: style.list?.id ?? '', level: Number(value) || 0 };
    },
    close(name) {
      if (name === 'style' && id !== undefined) styles.set(id, style);
    },
  });
  return new DocxStyles(styles);
}

/** The built-in names are English in every language's files. */
function headingLevel(name: string): number | undefined {
  if (/^title$/i.test(name)) return 0;
  if (/^subtitle$/i.test(name)) return 1;
  const level = /^heading\s*(\d)$/i.exec(name)?.[1];
  return level === undefined ? undefined : Number(level) - 1;
}

/** Numbering ids lead to abstract definitions, which hold the levels (17.9). */
export async function readNumbering(zip: ZipArchive, part: string): Promise<DocxStyles['numbering']> {
  const abstract = new Map<string, NumberingLevel[]>();
  const byId = new Map<string, readonly NumberingLevel[]>();
  let levels: NumberingLevel[] = [];
  let level: { format: string; text: string; start: number } | undefined;
  let at = 0;
  let num = '';
  await readXml(zip.stream(part), {
    open(name, attributes) {
      if (name === 'abstractNum') {
        levels = [];
        abstract.set(attribute(attributes, 'abstractNumId') ?? '', levels);
      } else if (name === 'num') {
        num = attribute(attributes, 'numId') ?? '';
        levels = [];
      } else if (name === 'abstractNumId')
        byId.set(num, abstract.get(attribute(attributes, 'val') ?? '') ?? []);
      else if (name === 'lvl') {
        at = Math.min(9, Number(attribute(attributes, 'ilvl')) || 0);
        level = { format: 'decimal', text: '', start: 1 };
      } else if (level !== undefined) {
        if (name === 'numFmt') level.format = attribute(attributes, 'val') ?? 'decimal';
        else if (name === 'lvlText') level.text = attribute(attributes, 'val') ?? '';
        else if (name === 'start') level.start = Number(attribute(attributes, 'val')) || 1;
      }
    },
    close(name) {
      if (name === 'lvl' && level !== undefined) {
        levels[at] = level;
        level = undefined;
      }
    },
  });
  return byId;
}
