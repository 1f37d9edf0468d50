import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/** Where a paragraph stands in its list: the list's id and the level from 0. */
export interface ListPlace {
  readonly id: string;
  readonly level: number;
}

const MAX_LEVEL = 8;

interface Level {
  format: string;
  /** `%1.%2.`: the counters of the levels. */
  text: string;
  start: number;
}

/** Lists of one definition count on where the one before ended, unless they say where to start (17.9). */
interface List {
  readonly levels: readonly (Level | undefined)[];
  readonly counters: (number | undefined)[];
  /** First numbers by level, used up by the first paragraph that takes one. */
  readonly restarts: Map<number, number>;
}

/** Gives paragraphs the numbers and bullets that the word processor draws. */
export class ListMarkers {
  readonly #lists: ReadonlyMap<string, List>;
  /** Counters of lists that are defined nowhere. */
  readonly #undefined: List = { levels: [], counters: [], restarts: new Map() };

  constructor(lists: ReadonlyMap<string, List>) {
    this.#lists = lists;
  }

  /** The marker of the list's next paragraph with a blank behind it: `- `, `2. `, `a) `. */
  next(place: ListPlace): string {
    const { levels, counters, restarts } = this.#lists.get(place.id) ?? this.#undefined;
    const level = Math.min(MAX_LEVEL, Math.max(0, Math.trunc(place.level)));
    const own = levels[level];
    const restart = restarts.get(level);
    restarts.delete(level);
    counters[level] = restart ?? (counters[level] ?? (own?.start ?? 1) - 1) + 1;
    counters.length = level + 1;
    if (own === undefined || own.format === 'bullet' || own.format === 'none') return '- ';
    const text = own.text.replace(/%(\d)/g, (_, digit: string) => {
      const at = Number(digit) - 1;
      return numeral(counters[at] ?? levels[at]?.start ?? 1, levels[at]?.format ?? 'decimal');
    });
    return text.trim() === '' ? '- ' : `${text.trim()} `;
  }
}

function numeral(value: number, format: string): string {
  if (value < 1) return String(value);
  switch (format) {
    case 'lowerLetter':
    case 'upperLetter': {
      const letter = String.fromCharCode(97 + ((value - 1) % 26)).repeat(Math.min(5, Math.ceil(value / 26)));
      return format === 'upperLetter' ? letter.toUpperCase() : letter;
    }
    case 'lowerRoman':
      return roman(value).toLowerCase();
    case 'upperRoman':
      return roman(value);
    default:
      return String(value);
  }
}

const ROMAN: readonly [number, string][] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

function roman(value: number): string {
  let rest = Math.min(value, 3999);
  let text = '';
  for (const [worth, letters] of ROMAN) {
    while (rest >= worth) {
      text += letters;
      rest -= worth;
    }
  }
  return text;
}

/** Numbering ids lead to abstract definitions, which hold the levels (17.9). */
export async function readNumbering(zip: ZipArchive, part: string): Promise<ListMarkers> {
  const definitions = new Map<string, Pick<List, 'counters'> & { levels: (Level | undefined)[] }>();
  const lists = new Map<string, List>();
  let definition: { levels: (Level | undefined)[] } | undefined;
  let level: Level | undefined;
  let restarts = new Map<number, number>();
  let num = '';
  let at = 0;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      const value = () => attribute(attributes, 'val') ?? '';
      const levelOf = () => Math.min(MAX_LEVEL, Number(attribute(attributes, 'ilvl')) || 0);
      switch (name) {
        case 'abstractNum': {
          const opened = { levels: [], counters: [] };
          definitions.set(attribute(attributes, 'abstractNumId') ?? '', opened);
          definition = opened;
          break;
        }
        case 'num':
          num = attribute(attributes, 'numId') ?? '';
          restarts = new Map();
          definition = undefined;
          break;
        case 'abstractNumId':
          lists.set(num, { levels: [], counters: [], ...definitions.get(value()), restarts });
          break;
        case 'lvlOverride':
          at = levelOf();
          break;
        case 'startOverride':
          restarts.set(at, startOf(value()));
          break;
        case 'lvl':
          at = levelOf();
          level = { format: 'decimal', text: '', start: 1 };
          break;
        case 'numFmt':
          if (level !== undefined) level.format = value();
          break;
        case 'lvlText':
          if (level !== undefined) level.text = value();
          break;
        case 'start':
          if (level !== undefined) level.start = startOf(value());
          break;
      }
    },
    close(name) {
      if (name !== 'lvl' || level === undefined) return;
      if (definition !== undefined) definition.levels[at] = level;
      level = undefined;
    },
  });
  return new ListMarkers(lists);
}

/** Lists may begin at 0. */
function startOf(value: string): number {
  const start = Number.parseInt(value, 10);
  return Number.isNaN(start) ? 1 : start;
}
