import { ChevronDown } from 'lucide-react';
import { useId, useState } from 'react';
import type { Citation } from '../../../contract/query.ts';
import type { Hit } from '../../../contract/search.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { Tooltip } from '../../ui/tooltip.tsx';
import { type Passage, useAnswerCitations } from './citation-context.ts';
import { passageSnippet, type SnippetPiece } from './passage-snippet.ts';

interface SourcesListProps {
  readonly citations: readonly Citation[];
  readonly sources: readonly Hit[];
  readonly answered: boolean;
}

/** What an answer rests on, and, folded away, what else was found. */
export function SourcesList({ citations, sources, answered }: SourcesListProps) {
  const cited = new Set(citations.map(({ chunkId }) => chunkId));
  const others = sources.filter(({ chunkId }) => !cited.has(chunkId));
  const [open, setOpen] = useState(false);
  const id = useId();
  if (citations.length + others.length === 0) return null;
  return (
    <div className="mt-4">
      {citations.length === 0 ? null : (
        <ol aria-label={text.chat.cited} className="flex flex-col gap-1">
          {citations.map((citation) => {
            const hit = sources.find(({ chunkId }) => chunkId === citation.chunkId);
            return (
              <li key={citation.marker}>
                <SourceRow
                  marker={citation.marker}
                  passage={citation}
                  snippet={quoteSnippet(citation.quote, hit)}
                  hit={hit}
                />
              </li>
            );
          })}
        </ol>
      )}
      {others.length === 0 ? null : (
        <>
          <button
            type="button"
            aria-expanded={open}
            aria-controls={id}
            onClick={() => setOpen(!open)}
            className="mt-1.5 -ml-2 flex items-center gap-1 rounded-md px-2 py-1 text-xs font-medium text-muted hover:bg-hover hover:text-ink"
          >
            <ChevronDown aria-hidden className={cx('size-3.5 transition-transform', !open && '-rotate-90')} />
            {answered ? text.chat.morePassages(others.length) : text.chat.closestPassages(others.length)}
          </button>
          <ol id={id} hidden={!open} className="mt-1 flex flex-col gap-1">
            {open
              ? others.map((hit) => (
                  <li key={hit.chunkId}>
                    <SourceRow passage={hit} snippet={passageSnippet(hit.text, hit.highlights)} hit={hit} />
                  </li>
                ))
              : null}
          </ol>
        </>
      )}
    </div>
  );
}

/** The quote itself, with the words in it that match. */
function quoteSnippet(quote: string, hit: Hit | undefined): SnippetPiece[] {
  const at = hit?.text.indexOf(quote) ?? -1;
  const within = at === -1 ? [] : (hit?.highlights ?? []);
  return passageSnippet(
    quote,
    within
      .filter(([start, end]) => start >= at && end <= at + quote.length)
      .map(([start, end]) => [start - at, end - at] as const),
  );
}

function SourceRow({
  marker,
  passage,
  snippet,
  hit,
}: {
  marker?: number;
  passage: Passage;
  snippet: readonly SnippetPiece[];
  hit: Hit | undefined;
}) {
  const { open } = useAnswerCitations();
  return (
    <button
      type="button"
      onClick={() => open(passage)}
      className="group flex w-full items-start gap-3 rounded-md border border-line bg-surface px-3 py-2 text-left text-sm transition-colors hover:border-line-strong"
    >
      {marker === undefined ? null : (
        <span className="mt-px flex size-5 shrink-0 items-center justify-center rounded-full bg-accent-soft text-[0.6875rem] font-semibold text-accent-text tabular-nums">
          {formatNumber(marker)}
        </span>
      )}
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 truncate font-medium group-hover:text-accent-text">{passage.title}</span>
          <span className="shrink-0 text-xs text-muted">
            {text.viewer.page('page', formatNumber(passage.page))}
          </span>
          {hit === undefined ? null : <Score hit={hit} />}
        </span>
        <span dir="auto" className="mt-0.5 line-clamp-2 text-[0.8125rem] leading-snug text-muted">
          {snippet.map((piece, i) =>
            piece.marked ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line keep their places
              <mark key={i} className="text-ink">
                {piece.text}
              </mark>
            ) : (
              piece.text
            ),
          )}
        </span>
      </span>
    </button>
  );
}

const two = (score: number) => formatNumber(Math.round(score * 100) / 100);

/** How well the passage matches: a quiet bar, and in numbers when pointed at. */
function Score({ hit: { score, scores } }: { hit: Hit }) {
  const parts = (['vector', 'keyword', 'rerank'] as const).flatMap((name) => {
    const value = scores[name];
    return value === undefined ? [] : [`${text.chat.scoreParts[name]} ${two(value)}`];
  });
  return (
    <Tooltip label={[text.chat.score(two(score)), ...parts].join(' · ')}>
      <span className="ml-auto flex shrink-0 items-center gap-1.5 text-xs text-faint tabular-nums">
        <span aria-hidden className="h-1 w-8 overflow-hidden rounded-full bg-sunken">
          <span
            className="block h-full rounded-full bg-line-strong"
            style={{ width: `${Math.min(1, Math.max(0, score)) * 100}%` }}
          />
        </span>
        <span className="sr-only">{text.chat.score('')}</span>
        {two(score)}
      </span>
    </Tooltip>
  );
}
