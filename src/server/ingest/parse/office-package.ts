import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

export interface Relationship {
  /** The last part of the type's address: `slide`, `notesSlide`, `diagramData`. */
  readonly type: string;
  /** Name of the part in the archive. */
  readonly target: string;
}

/** The relationships of a part (ECMA-376 part 2, 6.5), by id; links to outside are left out and never followed. */
export async function relationships(zip: ZipArchive, part: string): Promise<Map<string, Relationship>> {
  const slash = part.lastIndexOf('/');
  const folder = part.slice(0, slash + 1);
  const result = new Map<string, Relationship>();
  const name = `${folder}_rels/${part.slice(slash + 1)}.rels`;
  if (!zip.has(name)) return result;
  await readXml(zip.stream(name), {
    open(element, attributes) {
      if (element !== 'Relationship' || attribute(attributes, 'TargetMode') === 'External') return;
      const id = attribute(attributes, 'Id');
      const target = attribute(attributes, 'Target');
      if (id === undefined || target === undefined) return;
      result.set(id, {
        type: attribute(attributes, 'Type')?.split('/').at(-1) ?? '',
        target: resolvePart(folder, target),
      });
    },
    close() {},
  });
  return result;
}

/** `../media/a.png` seen from `ppt/slides/` is `ppt/media/a.png`. */
export function resolvePart(folder: string, target: string): string {
  const parts = target.startsWith('/') ? [] : folder.split('/').filter((part) => part !== '');
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

/** The body of a Word document; some writers number it. */
export function wordPart(zip: ZipArchive): string | undefined {
  if (zip.has('word/document.xml')) return 'word/document.xml';
  for (const name of zip.names()) if (/^word\/document\d+\.xml$/.test(name)) return name;
  return undefined;
}

/** The title that the author gave the document, from its core properties. */
export async function coreTitle(zip: ZipArchive): Promise<string | undefined> {
  const title = await titleIn(zip, 'docProps/core.xml');
  return title === undefined ||
    title.length < 3 ||
    /^(?:powerpoint presentation|slide 1|untitled|document\d*|word document)$/i.test(title)
    ? undefined
    : title;
}

/** The first `title` element of a part of metadata. */
export async function titleIn(zip: ZipArchive, part: string): Promise<string | undefined> {
  const texts: string[] = [];
  let titles = 0;
  let open = false;
  await readXml(zip.stream(part), {
    open(name) {
      open = name === 'title' && titles++ === 0;
    },
    text(text) {
      if (open) texts.push(text);
    },
    close() {
      open = false;
    },
  });
  return texts.join('').trim() || undefined;
}
