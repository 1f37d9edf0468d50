import type { DocumentWriter } from './document-writer.ts';
import { type Canvas, DrawingShapes } from './drawing-shapes.ts';
import { broken } from './faults.ts';
import { readGraphic, writeGraphic } from './office-graphic.ts';
import { coreTitle, relationships } from './office-package.ts';
import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

const PRESENTATION = 'ppt/presentation.xml';

/**
 * PresentationML (ECMA-376 part 1, 19): a slide is a page, hidden or not, in the order of the presentation,
 * with the text of its shapes, tables, diagrams (SmartArt) and charts, and the speaker's notes at its end.
 */
export async function readPptx(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  const links = await relationships(zip, PRESENTATION);
  const slides: string[] = [];
  await readXml(zip.stream(PRESENTATION), {
    open(name, attributes) {
      if (name !== 'sldId') return;
      const link = links.get(attribute(attributes, ':id') ?? '');
      if (link !== undefined && zip.has(link.target)) slides.push(link.target);
    },
    close() {},
  });
  if (slides.length === 0) throw broken('The presentation has no slides that can be read.');
  for (const slide of slides) {
    out.newPage();
    const links = await readShapes(zip, slide, 'slide', out);
    const notes = [...links.values()].find((link) => link.type === 'notesSlide')?.target;
    if (notes !== undefined && zip.has(notes)) await readShapes(zip, notes, 'notes', out);
  }
  out.title = await coreTitle(zip);
}

/** @returns what the part links to. */
async function readShapes(zip: ZipArchive, part: string, canvas: Canvas, out: DocumentWriter) {
  const links = await relationships(zip, part);
  const shapes = new DrawingShapes(out, canvas);
  await readXml(zip.stream(part), shapes);
  shapes.finish();
  for (const id of shapes.graphics) {
    const graphic = await readGraphic(zip, links.get(id));
    if (graphic !== undefined) writeGraphic(graphic, out);
  }
  return links;
}
