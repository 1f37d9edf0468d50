import { useRef } from 'react';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';

const TABS = ['document', 'passages', 'cited', 'details'] as const;
export type Tab = (typeof TABS)[number];

export const tabOf = (asked: string | undefined): Tab => TABS.find((tab) => tab === asked) ?? 'document';

/** Ties a panel to its tab. */
export const panelOf = (tab: Tab) => ({
  role: 'tabpanel',
  id: 'document-panel',
  'aria-labelledby': `document-tab-${tab}`,
});

/** One stop of the Tab key; the arrows lead from tab to tab. */
export function Tabs({ tab, onTab }: { tab: Tab; onTab: (tab: Tab) => void }) {
  const list = useRef<HTMLDivElement>(null);
  return (
    <div
      ref={list}
      role="tablist"
      aria-label={text.library.views}
      className="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-2 sm:px-4"
      onKeyDown={({ key }) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
        if (step === undefined) return;
        const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] as Tab;
        onTab(next);
        list.current?.querySelector<HTMLElement>(`#document-tab-${next}`)?.focus();
      }}
    >
      {TABS.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          id={`document-tab-${each}`}
          aria-selected={each === tab}
          aria-controls="document-panel"
          tabIndex={each === tab ? 0 : -1}
          onClick={() => onTab(each)}
          className={cx(
            '-mb-px h-10 border-b-2 px-3 text-sm font-medium whitespace-nowrap outline-offset-[-3px]',
            each === tab
              ? 'border-accent-text text-accent-text'
              : 'border-transparent text-muted hover:text-ink',
          )}
        >
          {text.library.tabs[each]}
        </button>
      ))}
    </div>
  );
}
