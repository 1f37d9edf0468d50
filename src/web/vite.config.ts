import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';

/** Libraries in chunks by how they change: a release of ours leaves the ones it did not touch in the caches. */
const VENDORS = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
  {
    name: 'tanstack',
    test: /node_modules\/@tanstack\/(react-router|router-core|history|react-store|store|react-query|query-core)\//,
  },
  { name: 'pdfjs', test: /node_modules\/pdfjs-dist\// },
  {
    name: 'menus',
    test: /node_modules\/(@radix-ui|@floating-ui|aria-hidden|react-remove-scroll|react-style-singleton)\//,
  },
];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss(), precompress()],
  server: { proxy: { '/api': 'http://127.0.0.1:8000' } },
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // an inlined asset would need `data:` in the content security policy
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // what the bundle report and its budget read
    manifest: true,
    license: { fileName: 'licenses.md' },
    rolldownOptions: { output: { codeSplitting: { groups: VENDORS } } },
  },
});
