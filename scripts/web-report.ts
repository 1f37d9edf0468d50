import { readWebBundle, sum, type WebFile } from './web-bundle.ts';

/** `npm run web:report`: what the browser loads, and when. */
const { firstLoad, pages, all, assetBytes } = readWebBundle();
const kB = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
const line = (name: string, files: readonly WebFile[]) =>
  console.log(`${kB(sum(files))} ${kB(sum(files, 'gzipBytes'))} ${kB(sum(files, 'bytes'))}  ${name}`);

console.log('    brotli       gzip        raw');
line('first load (JS and CSS), of which', firstLoad);
for (const file of firstLoad) line(`  ${file.file}`, [file]);
console.log('\nloaded when needed, beyond the shell');
for (const { page, files } of pages) line(page, files);
console.log('\nall JS and CSS');
line('', all);
console.log(`all files, packed copies included: ${kB(assetBytes).trim()}`);
