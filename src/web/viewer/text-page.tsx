import { useQuery } from '@tanstack/react-query';
import { Fragment, type ReactNode, useLayoutEffect, useMemo, useRef } from 'react';
import { pageTextQuery } from '../data/documents.ts';
import type { PageKind } from '../text/en/viewer.ts';
import { formatNumber } from '../text/format.ts';
import * as text from '../text/text.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { Skeleton } from '../ui/state.tsx';
import { type Block, cutAt, type Slice, textBlocks } from './text-blocks.ts';

/** Blocks of a page that are laid out together; far from the window a group costs nothing. */
const GROUP = 40;

interface TextPageProps {
  readonly documentId: string;
  readonly page: number;
  readonly kind: PageKind;
  readonly span: Slice | undefined;
  readonly onMark: (mark: Element) => void;
}

/** The text that was read from one page. */
export function TextPage({ documentId, page, kind, span, onMark }: TextPageProps) {
  const { data, error, refetch } = useQuery(pageTextQuery(documentId, page));
  const blocks = useMemo(() => textBlocks(data ?? ''), [data]);
  const article = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const mark = span === undefined || data === undefined ? null : article.current?.querySelector('mark');
    if (mark) onMark(mark);
  }, [span, data, onMark]);
  return (
    <article
      ref={article}
      className="mx-auto max-w-[46rem] rounded-lg border border-line bg-surface px-5 py-5 shadow-card sm:px-10 sm:py-8"
    >
      <h3 className="mb-4 text-xs font-medium text-faint">{text.viewer.page(kind, formatNumber(page))}</h3>
      {error !== null ? (
        <div role="alert" className="flex flex-wrap items-center gap-3 text-sm text-muted">
          {text.viewer.textFault}
          <Button size="sm" onClick={() => void refetch()}>
            {text.ui.tryAgain}
          </Button>
        </div>
      ) : data === undefined ? (
        <div className="flex flex-col gap-3">
          <Skeleton className="h-4 w-2/3" />
          <Skeleton className="h-4" />
          <Skeleton className="h-4" />
          <Skeleton className="h-4 w-5/6" />
        </div>
      ) : blocks.length === 0 ? (
        <p className="text-sm text-muted">{text.viewer.emptyPage}</p>
      ) : (
        groups(blocks).map((group) => (
          <div
            key={group[0]?.start}
            dir="auto"
            className={cx(
              'flex flex-col gap-3 pb-3 leading-relaxed',
              // a guessed height above the mark would move it away
              span === undefined && '[contain-intrinsic-size:auto_60rem] [content-visibility:auto]',
            )}
          >
            {group.map((block) => (
              <BlockView key={block.start} block={block} source={data} span={span} />
            ))}
          </div>
        ))
      )}
    </article>
  );
}

function groups(blocks: readonly Block[]): Block[][] {
  const all: Block[][] = [];
  for (let i = 0; i < blocks.length; i += GROUP) all.push(blocks.slice(i, i + GROUP));
  return all;
}

function BlockView({ block, source, span }: { block: Block; source: string; span: Slice | undefined }) {
  const show = (slice: Slice): ReactNode =>
    cutAt(slice, span).map(({ start, end, marked }) =>
      marked ? (
        <mark key={start} className="box-decoration-clone py-0.5">
          {source.slice(start, end)}
        </mark>
      ) : (
        <Fragment key={start}>{source.slice(start, end)}</Fragment>
      ),
    );
  if (block.kind !== 'table')
    return (
      <p
        dir="auto"
        className={
          block.kind === 'item' ? '-mt-1.5 pl-5 -indent-4 whitespace-pre-wrap' : 'whitespace-pre-wrap'
        }
      >
        {show(block)}
      </p>
    );
  return (
    // biome-ignore lint/a11y/useSemanticElements: no set of form fields
    <div
      role="group"
      aria-label={text.viewer.table}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard too
      tabIndex={0}
      className="overflow-x-auto rounded-md border border-line"
    >
      <table className="w-full text-sm">
        <tbody>
          {block.rows.map((row) => (
            <tr key={row[0]?.start} className="border-line not-first:border-t even:bg-bg">
              {row.map((cell) => (
                <td key={cell.start} className="px-3 py-1.5 align-top">
                  {show(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
