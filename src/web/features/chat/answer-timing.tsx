import type { Answer } from '../../../contract/query.ts';
import { formatDuration, formatNumber, formatUsd } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Popover } from '../../ui/popover.tsx';

interface AnswerTimingProps {
  readonly answer: Answer;
  readonly firstWordMs: number | undefined;
  readonly tookMs: number | undefined;
}

const STAGES = [
  'embedMs',
  'vectorMs',
  'keywordMs',
  'rerankMs',
  'generateMs',
  'firstTokenMs',
  'totalMs',
] as const;

/** How long it took, for those who care. */
export function AnswerTiming({ answer, firstWordMs, tookMs }: AnswerTimingProps) {
  const { timings, cached, usage, model } = answer;
  const tokens = usage.promptTokens + usage.completionTokens;
  const facts = [
    firstWordMs === undefined ? undefined : text.chat.firstWord(formatDuration(firstWordMs)),
    tookMs === undefined ? undefined : text.chat.took(formatDuration(tookMs)),
    cached ? text.chat.fromCache : undefined,
  ].filter((fact) => fact !== undefined);
  const rows: [string, string][] = STAGES.flatMap((stage) => {
    const ms = timings[stage];
    return ms === undefined || (ms === 0 && stage !== 'totalMs')
      ? []
      : [[text.chat.timings[stage], formatDuration(ms)] as [string, string]];
  });
  if (firstWordMs !== undefined) rows.push([text.chat.onScreen, formatDuration(firstWordMs)]);
  rows.push([text.chat.model, model === 'extractive' ? text.chat.extractive : model]);
  return (
    <Popover
      label={text.chat.timing}
      align="end"
      trigger={
        <button
          type="button"
          data-first-word-ms={firstWordMs}
          className="rounded-sm px-1 text-xs text-faint tabular-nums hover:text-ink"
        >
          {facts.join(' · ')}
        </button>
      }
    >
      <h3 className="mb-2 text-sm font-semibold">{text.chat.timing}</h3>
      <dl className="grid grid-cols-[1fr_auto] gap-x-4 gap-y-1 text-sm">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="max-w-40 text-right tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {tokens === 0 ? null : (
        <p className="mt-2 text-xs text-muted tabular-nums">
          {[text.chat.tokens(formatNumber(tokens)), usage.costUsd > 0 ? formatUsd(usage.costUsd) : undefined]
            .filter((fact) => fact !== undefined)
            .join(' · ')}
        </p>
      )}
    </Popover>
  );
}
