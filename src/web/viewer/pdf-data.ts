/**
 * What pdf.js asks for beside the file: how text in Asian character collections is written, and a decoder of the
 * pictures that scans are made of. Each is loaded when a file needs it.
 */
const maps = import.meta.glob<string>(
  [
    '../../../node_modules/pdfjs-dist/cmaps/Adobe-*-UCS2.bcmap',
    '../../../node_modules/pdfjs-dist/cmaps/Uni{GB,CNS,JIS,KS}-UCS2-{H,V}.bcmap',
    '../../../node_modules/pdfjs-dist/cmaps/{90ms-RKSJ,90msp-RKSJ,EUC,GB-EUC,GBK-EUC,ETen-B5,KSC-EUC,KSCms-UHC}-{H,V}.bcmap',
    '../../../node_modules/pdfjs-dist/cmaps/{H,V}.bcmap',
  ],
  { query: '?url', import: 'default', eager: true },
);
const decoders = import.meta.glob<string>('../../../node_modules/pdfjs-dist/wasm/jbig2.wasm', {
  query: '?url',
  import: 'default',
  eager: true,
});
const urls = new Map(
  Object.entries({ ...maps, ...decoders }).map(([path, url]) => [path.slice(path.lastIndexOf('/') + 1), url]),
);

/** Of the shape that pdf.js takes as `BinaryDataFactory`: it finds files by name, and the build puts hashes into names. */
export class PdfData {
  async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
    const url = urls.get(filename);
    if (url === undefined) throw new Error(`${filename} is not part of this app`);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${filename} could not be loaded`);
    return new Uint8Array(await response.arrayBuffer());
  }
}
