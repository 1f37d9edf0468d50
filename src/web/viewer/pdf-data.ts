import jbig2 from 'pdfjs-dist/wasm/jbig2.wasm?url';

/**
 * What pdf.js asks for beside the file, of the shape that it takes as `BinaryDataFactory`. Only the decoder of the
 * pictures that most scans are made of is part of the app. Character maps for old Asian files that bring none would
 * weigh as much as the rest of the app: their pages show their extracted text instead.
 */
export class PdfData {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    if (filename !== 'jbig2.wasm') throw new Error(`${filename} is not part of this app`);
    const response = await fetch(jbig2);
    if (!response.ok) throw new Error(`${filename} could not be loaded`);
    return new Uint8Array(await response.arrayBuffer());
  }
}
