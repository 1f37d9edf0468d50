import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

/** A document and the text that it was made from. */
export interface Printed {
  readonly name: string;
  readonly layout: string;
  readonly path: string;
  readonly reference: string;
  /** Rows of its tables: cells with text, two and more, none of which takes more than a line. */
  readonly rows: readonly (readonly string[])[];
}

/** The same text in one, two and three columns, justified with hyphens, and with heads and foot lines on each page. */
const LAYOUTS: Readonly<Record<string, string>> = {
  'one column': '',
  'two columns': 'body { column-count: 2 }',
  'three columns, justified, hyphens':
    'html { hyphens: auto } body { column-count: 3; font-size: 9pt; text-align: justify }',
};

/**
 * Prints web pages to PDF by a browser, with nothing of their own style: what the browser shows as text is what an
 * extractor should find, in this order.
 */
export async function* printPages(
  browserPath: string,
  files: readonly string[],
  into: string,
): AsyncGenerator<Printed> {
  mkdirSync(into, { recursive: true });
  const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
  try {
    const context = await browser.newContext({ javaScriptEnabled: false, offline: true });
    for (const [i, file] of files.entries()) {
      const page = await context.newPage();
      const html = plain(readFileSync(file, 'utf8'));
      for (const [layout, css] of Object.entries(LAYOUTS)) {
        const path = join(into, `${i}-${layout.replace(/\W+/g, '-')}.pdf`);
        // a document with no address: what it refers to is not there
        await page.setContent(`${html}<style>${css}</style>`, { waitUntil: 'domcontentloaded' });
        await page.pdf({
          path,
          format: 'A4',
          displayHeaderFooter: true,
          headerTemplate: '<span style="font-size:8px;margin:auto">A head that stands on every page</span>',
          footerTemplate: '<span style="font-size:8px;margin:auto" class="pageNumber"></span>',
          margin: { top: '20mm', bottom: '20mm', left: '18mm', right: '18mm' },
        });
        yield {
          name: file,
          layout,
          path,
          reference: await page.innerText('body'),
          rows: await tableRows(page),
        };
      }
      await page.close();
    }
  } finally {
    await browser.close();
  }
}

const tableRows = async (page: Page): Promise<string[][]> => {
  const rows = await page
    .locator('tr:not(:has(table))')
    .evaluateAll((all) =>
      all.map((row) => Array.from(row.children, (cell) => (cell as HTMLElement).innerText.trim())),
    );
  return rows
    .map((cells) => cells.filter((text) => text !== ''))
    .filter((cells) => cells.length > 1 && cells.every((text) => text.length <= 40 && !text.includes('\n')));
};

const plain = (html: string): string =>
  html
    .replace(/<(script|style|noscript|template|svg|iframe|form)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(/<link\b[^>]*>/gi, '')
    .replace(/\sstyle\s*=\s*(?:"[^"]*"|'[^']*')/gi, '');
