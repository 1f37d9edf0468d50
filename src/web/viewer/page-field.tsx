import { ChevronDown, ChevronUp } from 'lucide-react';
import { useId, useState } from 'react';
import type { PageKind } from '../text/en/viewer.ts';
import { formatNumber } from '../text/format.ts';
import * as text from '../text/text.ts';
import { IconButton } from '../ui/button.tsx';

interface PageFieldProps {
  readonly kind: PageKind;
  readonly page: number;
  readonly pages: number;
  readonly onGo: (page: number) => void;
}

/** Which page is on the screen, and a way to another. */
export function PageField({ kind, page, pages, onGo }: PageFieldProps) {
  const [typed, setTyped] = useState<string>();
  const id = useId();
  const go = () => {
    const wanted = Number(typed);
    if (typed !== undefined && Number.isSafeInteger(wanted) && wanted > 0) onGo(Math.min(pages, wanted));
    setTyped(undefined);
  };
  return (
    <div className="flex items-center gap-1 text-sm text-muted">
      <IconButton
        small
        label={text.viewer.previous(kind)}
        icon={<ChevronUp className="size-4" />}
        disabled={page <= 1}
        onClick={() => onGo(page - 1)}
      />
      <IconButton
        small
        label={text.viewer.next(kind)}
        icon={<ChevronDown className="size-4" />}
        disabled={page >= pages}
        onClick={() => onGo(page + 1)}
      />
      <label htmlFor={id} className="ml-1 max-sm:sr-only">
        {text.viewer.pageField(kind)}
      </label>
      <input
        id={id}
        inputMode="numeric"
        value={typed ?? String(page)}
        onChange={(event) => setTyped(event.target.value.replace(/\D/g, ''))}
        onFocus={(event) => event.target.select()}
        onBlur={go}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go();
          if (event.key === 'Escape' && typed !== undefined) {
            event.stopPropagation();
            setTyped(undefined);
          }
        }}
        className="h-7 rounded-sm border border-line-strong bg-surface text-center text-ink tabular-nums"
        style={{ width: `${Math.max(2, String(pages).length) + 1.5}ch` }}
      />
      <span className="whitespace-nowrap tabular-nums">{text.viewer.ofPages(formatNumber(pages))}</span>
    </div>
  );
}
