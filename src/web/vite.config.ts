import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { precompress } from './precompress.ts';
import { FOUND, thirdPartyLicenses } from './third-party-licenses.ts';

/**
 * Chunks by how they change: a release of ours leaves the libraries that it did not touch in the caches. What every
 * page needs is one chunk, so that a page is not made of dozens of crumbs.
 */
const GROUPS = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
  {
    name: 'tanstack',
    test: /node_modules\/@tanstack\/(react-router|router-core|history|react-store|store|react-query|query-core)\/(?!.*(queriesObserver|useQueries))/,
  },
  { name: 'pdfjs', test: /node_modules\/pdfjs-dist\// },
  {
    name: 'menus',
    test: /node_modules\/(@radix-ui|@floating-ui|aria-hidden|react-remove-scroll|react-style-singleton)\//,
  },
  // those of one page only stay with it
  { name: 'icons', test: /node_modules\/lucide-react\//, minShareCount: 3 },
  {
    name: 'kit',
    test: /src\/web\/(client|data\/(account|collections|conversations|documents|tasks)|text\/(format|text|en\/(ui|shell|dashboard))|ui\/(?!dialog|menu-content|popover|plot|table)|upload\/(uploads|kept-marker)|shell\/keys)/,
  },
];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss(), thirdPartyLicenses(), precompress()],
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
    license: { fileName: FOUND },
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
});
