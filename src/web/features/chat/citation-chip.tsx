import { FileText, TriangleAlert } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { Citation } from '../../../contract/query.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { useAnswerCitations } from './citation-context.ts';

/** The pointer may cross the gap between chip and card. */
const LEAVE_MS = 120;
const ENTER_MS = 90;
const LONGEST_QUOTE = 420;

/** `[1]`: shows the quote while pointed at or focused, and opens the passage. */
export function CitationChip({ marker }: { marker: number }) {
  const { byMarker, open } = useAnswerCitations();
  const citation = byMarker.get(marker);
  const chip = useRef<HTMLButtonElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [shown, setShown] = useState(false);
  const id = useId();
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!shown) return;
    const gone = new AbortController();
    const { signal } = gone;
    addEventListener('keydown', (event) => event.key === 'Escape' && setShown(false), { signal });
    addEventListener('scroll', () => setShown(false), { signal, capture: true });
    return () => gone.abort();
  }, [shown]);
  if (citation === undefined) return null;

  const later = (next: boolean) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setShown(next), next ? ENTER_MS : LEAVE_MS);
  };
  const hover = {
    onPointerEnter: (event: React.PointerEvent) => event.pointerType === 'mouse' && later(true),
    onPointerLeave: () => later(false),
  };
  return (
    <>
      <button
        ref={chip}
        type="button"
        aria-label={text.chat.sourceName(
          formatNumber(marker),
          citation.title,
          text.viewer.page('page', formatNumber(citation.page)),
        )}
        aria-describedby={shown ? id : undefined}
        {...hover}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && setShown(true)}
        onBlur={() => later(false)}
        onClick={() => {
          clearTimeout(timer.current);
          setShown(false);
          open(citation);
        }}
        className={cx(
          'relative -top-px mx-0.5 inline-flex h-[1.15rem] min-w-[1.15rem] items-center justify-center rounded-full px-1 align-middle text-[0.6875rem] leading-none font-semibold tabular-nums transition-colors',
          // a finger needs more than the eye
          'after:absolute after:-inset-1',
          citation.supported
            ? 'bg-accent-soft text-accent-text hover:bg-accent hover:text-accent-ink'
            : 'bg-warn-soft text-warn ring-1 ring-current ring-inset',
        )}
      >
        {citation.supported ? formatNumber(marker) : `${formatNumber(marker)}?`}
      </button>
      {shown
        ? createPortal(
            <QuoteCard id={id} citation={citation} anchor={chip.current as HTMLElement} hover={hover} />,
            document.querySelector('dialog[open]') ?? document.body,
          )
        : null}
    </>
  );
}

function QuoteCard({
  id,
  citation,
  anchor,
  hover,
}: {
  id: string;
  citation: Citation;
  anchor: HTMLElement;
  hover: object;
}) {
  const card = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number }>();
  useLayoutEffect(() => {
    const { width, height } = (card.current as HTMLElement).getBoundingClientRect();
    const chip = anchor.getBoundingClientRect();
    const below = chip.bottom + 8 + height < innerHeight || chip.top < height + 16;
    setPlace({
      left: Math.min(Math.max(8, chip.left - 24), innerWidth - width - 8),
      top: below ? chip.bottom + 6 : chip.top - height - 6,
    });
  }, [anchor]);
  const { quote, supported, title, page } = citation;
  return (
    <div
      ref={card}
      id={id}
      role="tooltip"
      {...hover}
      className="fixed z-50 w-96 max-w-[calc(100vw-1rem)] rounded-lg border border-line bg-surface p-4 text-sm shadow-high"
      style={place ?? { left: 0, top: 0, visibility: 'hidden' }}
    >
      <p className="mb-2 flex items-center gap-2 text-xs text-muted">
        <FileText aria-hidden className="size-3.5 shrink-0" />
        <span className="min-w-0 truncate font-medium text-ink">{title}</span>
        <span className="shrink-0">{text.viewer.page('page', formatNumber(page))}</span>
      </p>
      <blockquote dir="auto" className="line-clamp-6 border-l-2 border-mark-strong pl-3 leading-relaxed">
        {quote.length > LONGEST_QUOTE ? `${quote.slice(0, LONGEST_QUOTE)}…` : quote}
      </blockquote>
      {supported ? null : (
        <p className="mt-2 flex items-start gap-1.5 text-xs text-warn">
          <TriangleAlert aria-hidden className="mt-px size-3.5 shrink-0" />
          {text.chat.unverified}
        </p>
      )}
    </div>
  );
}
