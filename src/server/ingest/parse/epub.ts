import type { DocumentWriter } from './document-writer.ts';
import { broken, encrypted } from './faults.ts';
import { readHtml } from './html.ts';
import { resolvePart } from './office-package.ts';
import { decodeText } from './text-encoding.ts';
import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/** EPUB 2 and 3: the documents of the spine in reading order; each that has text is a page. */
export async function readEpub(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  await refuseProtected(zip);
  const opf = await packagePart(zip);
  const folder = opf.slice(0, opf.lastIndexOf('/') + 1);
  const items = new Map<string, { part: string; isNavigation: boolean }>();
  const spine: string[] = [];
  let title: string[] | undefined;
  await readXml(zip.stream(opf), {
    open(name, attributes) {
      if (name === 'item' && /html|xml$/.test(attribute(attributes, 'media-type') ?? '')) {
        items.set(attribute(attributes, 'id') ?? '', {
          part: resolvePart(folder, unescapePath(attribute(attributes, 'href') ?? '')),
          isNavigation: /\bnav\b/.test(attribute(attributes, 'properties') ?? ''),
        });
      } else if (name === 'itemref') spine.push(attribute(attributes, 'idref') ?? '');
      else if (name === 'title' && out.title === undefined) title = [];
    },
    text(text) {
      title?.push(text);
    },
    close(name) {
      if (name !== 'title' || title === undefined) return;
      out.title = title.join('').trim() || undefined;
      title = undefined;
    },
  });
  let chapters = 0;
  for (const id of spine) {
    const item = items.get(id);
    if (item === undefined || item.isNavigation) continue;
    const bytes = await zip.bytes(item.part);
    if (bytes === undefined) continue;
    chapters++;
    // a cover without text takes no page number
    if (chapters === 1 || !out.pageIsEmpty) out.newPage();
    readHtml(await decodeText(bytes), out, false);
  }
  if (chapters === 0) throw broken('The book has no chapters that can be read.');
}

async function packagePart(zip: ZipArchive): Promise<string> {
  let part: string | undefined;
  await readXml(zip.stream('META-INF/container.xml'), {
    open(name, attributes) {
      if (name === 'rootfile') part ??= attribute(attributes, 'full-path');
    },
    close() {},
  });
  if (part === undefined || !zip.has(part)) throw broken('The book has lost its table of contents.');
  return part;
}

/** Fonts may be scrambled in free books; anything else that is encrypted is protected from copying. */
async function refuseProtected(zip: ZipArchive): Promise<void> {
  let locked = zip.has('META-INF/rights.xml');
  await readXml(zip.stream('META-INF/encryption.xml'), {
    open(name, attributes) {
      if (name === 'CipherReference' && /\.(?:x?html?|xml)$/i.test(attribute(attributes, 'URI') ?? ''))
        locked = true;
    },
    close() {},
  });
  if (locked) throw encrypted();
}

/** The file that an address names, without the place in it. */
function unescapePath(href: string): string {
  const path = href.replace(/#.*$/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
