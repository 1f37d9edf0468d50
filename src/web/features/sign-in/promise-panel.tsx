import { FileText } from 'lucide-react';
import * as text from '../../text/text.ts';

const words = text.signIn;

/** What the product is about, in one picture made of text. Not for phones, which have no room for it. */
export const PromisePanel = () => (
  <aside className="hidden items-center justify-center border-l border-line bg-sunken p-12 lg:flex">
    <figure className="w-full max-w-md">
      <p className="ml-auto w-fit max-w-[85%] rounded-xl rounded-br-sm bg-accent px-4 py-2.5 text-accent-ink shadow-card">
        {words.promiseQuestion}
      </p>
      <p className="mt-4 text-lg leading-relaxed">
        {words.promiseAnswer}
        <span className="ml-1 inline-grid h-5 min-w-5 place-items-center rounded-md bg-mark px-1 align-text-top text-xs font-semibold text-mark-ink">
          <span aria-hidden>1</span>
          <span className="sr-only">{words.promiseMarker}</span>
        </span>
        .
      </p>
      <div className="mt-6 rounded-lg border border-line bg-surface p-5 shadow-high">
        <p className="mb-3 flex items-center gap-2 text-sm font-medium text-muted">
          <FileText aria-hidden className="size-4" />
          {words.promiseDocument}
        </p>
        <p className="leading-relaxed">
          <span className="text-muted">{words.promiseBefore}</span>
          <mark className="px-0.5 text-mark-ink">{words.promiseMarked}</mark>
          <span className="text-muted">{words.promiseAfter}</span>
        </p>
      </div>
      <figcaption className="mt-8 text-sm text-muted">{words.promiseCaption}</figcaption>
    </figure>
  </aside>
);
