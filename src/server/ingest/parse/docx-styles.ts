import type { ListPlace } from './docx-numbering.ts';
import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

interface Style {
  readonly basedOn: string | undefined;
  /** 0 for a heading of level 1; 9 is body text. */
  readonly outline: number | undefined;
  readonly list: ListPlace | undefined;
}

export class DocxStyles {
  readonly #styles: ReadonlyMap<string, Style>;

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
