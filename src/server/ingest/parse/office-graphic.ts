import type { DocumentWriter } from './document-writer.ts';
import type { Relationship } from './office-package.ts';
import { formatNumber } from './sheet-values.ts';
import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/** What a diagram (SmartArt) or a chart says in words. */
export interface Graphic {
  /** A diagram's points in their order. */
  readonly points: readonly string[];
  /** A chart's title and the names of its axes. */
  readonly caption: string;
  /** Under each other: the names of series, then a row a category. */
  readonly tables: readonly (readonly string[][])[];
}

/** @param link as it stands beside the part that shows the graphic; anything but diagrams and charts is undefined. */
export async function readGraphic(
  zip: ZipArchive,
  link: Relationship | undefined,
): Promise<Graphic | undefined> {
  if (link === undefined || !/^(?:diagramData|chart)$/.test(link.type) || !zip.has(link.target))
    return undefined;
  const reader = new GraphicReader();
  await readXml(zip.stream(link.target), reader);
  const { texts, series } = reader;
  return link.type === 'diagramData'
    ? { points: texts, caption: '', tables: [] }
    : { points: [], caption: texts.join(' '), tables: chartTables(series) };
}

export function writeGraphic({ points, caption, tables }: Graphic, out: DocumentWriter): void {
  out.list(points.map((text) => ({ text: `- ${text}`, depth: 0 })));
  out.paragraph(caption);
  for (const table of tables) out.table(table, 1);
}

interface Series {
  name: string;
  /** By the number of the point. */
  readonly categories: Map<number, string>;
  readonly values: Map<number, string>;
}

class GraphicReader {
  readonly texts: string[] = [];
  readonly series: Series[] = [];
  #text: string[] | undefined;
  #section = '';
  #point = 0;

  /** Presentation points repeat what document points say. */
  skips(name: string, attributes: string): boolean {
    return name === 'pt' && attribute(attributes, 'type') === 'pres';
  }

  open(name: string, attributes: string): void {
    if (name === 't' || name === 'v') this.#text = [];
    else if (name === 'ser') this.series.push({ name: '', categories: new Map(), values: new Map() });
    else if (SECTIONS.has(name)) this.#section = name;
    else if (name === 'pt') this.#point = Number(attribute(attributes, 'idx')) || 0;
  }

  text(text: string): void {
    this.#text?.push(text);
  }

  close(name: string): void {
    if (SECTIONS.has(name)) this.#section = '';
    if ((name !== 't' && name !== 'v') || this.#text === undefined) return;
    const text = this.#text.join('').trim();
    this.#text = undefined;
    const series = this.series.at(-1);
    if (text === '') return;
    if (name === 't') this.texts.push(text);
    else if (series !== undefined) this.#put(series, text);
  }

  #put(series: Series, text: string): void {
    switch (this.#section) {
      case 'tx':
        series.name = text;
        break;
      case 'cat':
      case 'xVal': {
        // levels of categories come from the inner to the outer
        const inner = series.categories.get(this.#point);
        series.categories.set(this.#point, inner === undefined ? shown(text) : `${shown(text)} ${inner}`);
        break;
      }
      case 'val':
      case 'yVal':
        series.values.set(this.#point, shown(text));
        break;
    }
  }
}

/** ECMA-376 part 1, 21.2: where in a series a value stands. */
const SECTIONS = new Set(['tx', 'cat', 'val', 'xVal', 'yVal']);

const shown = (text: string): string => formatNumber(Number(text), undefined, false) || text;

/** Series over the same categories share a table. */
function chartTables(series: readonly Series[]): string[][][] {
  const groups = new Map<string, Series[]>();
  for (const one of series) {
    const key = JSON.stringify([...one.categories]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return Array.from(groups.values(), (group) => {
    const points = [
      ...new Set(group.flatMap(({ categories, values }) => [...categories.keys(), ...values.keys()])),
    ];
    return [
      ['', ...group.map(({ name }) => name)],
      ...points
        .toSorted((a, b) => a - b)
        .map((point) => [
          group[0]?.categories.get(point) ?? '',
          ...group.map(({ values }) => values.get(point) ?? ''),
        ]),
    ];
  });
}
