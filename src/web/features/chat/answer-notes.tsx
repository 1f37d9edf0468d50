import { CloudOff, Search } from 'lucide-react';
import type { Answer } from '../../../contract/query.ts';
import * as text from '../../text/text.ts';

/** What the reader should know of how the answer came about: another question was looked for, no model wrote it. */
export function AnswerNotes({
  answer: { standaloneQuestion, degraded, fallback },
}: {
  answer: Pick<Answer, 'standaloneQuestion' | 'degraded' | 'fallback'>;
}) {
  return (
    <>
      {standaloneQuestion === undefined ? null : (
        <p className="mt-3 flex items-start gap-2 text-sm text-muted">
          <Search aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span>{text.chat.lookedFor(standaloneQuestion)}</span>
        </p>
      )}
      {degraded === undefined ? null : (
        <p className="mt-3 flex items-start gap-2 text-sm text-muted">
          <CloudOff aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span>{text.chat.wordsAlone}</span>
        </p>
      )}
      {fallback === undefined ? null : (
        <p className="mt-3 flex items-start gap-2 text-sm text-muted">
          <CloudOff aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span>{text.chat.fallback[fallback]}</span>
        </p>
      )}
    </>
  );
}
