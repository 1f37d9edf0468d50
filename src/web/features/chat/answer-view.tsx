import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import {
  Check,
  CircleAlert,
  CircleStop,
  Copy,
  FilePlus2,
  Globe,
  PencilLine,
  RotateCw,
  SearchX,
} from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { Message } from '../../../contract/conversations.ts';
import { messageOf, ProblemError, UnreachableError } from '../../client/problem.ts';
import { configQuery } from '../../data/account.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button, buttonClass, IconButton } from '../../ui/button.tsx';
import { FeedbackForm, ThumbButtons } from './answer-feedback.tsx';
import { AnswerNotes } from './answer-notes.tsx';
import type { AnswerState } from './answer-state.ts';
import { AnswerTiming } from './answer-timing.tsx';
import { AnswerCitationsProvider, type Passage } from './citation-context.ts';
import { withFootnotes, withoutHalfMarker } from './citation-markers.ts';
import type { Exchange } from './exchanges.ts';
import { PlainAnswer } from './plain-answer.tsx';
import { SourcesList } from './sources-list.tsx';
import { useCopy } from './use-copy.ts';

const MarkdownAnswer = lazy(() => import('./markdown-answer.tsx'));

interface AnswerViewProps {
  readonly conversationId: string | undefined;
  readonly state: AnswerState;
  readonly message: Message | undefined;
  readonly asked: Exchange | undefined;
  readonly onOpen: (passage: Passage) => void;
  /** Absent where others follow. */
  readonly onAgain: (() => void) | undefined;
  readonly onRephrase: () => void;
  readonly onWiden: (() => void) | undefined;
}

export function AnswerView(props: AnswerViewProps) {
  const { conversationId, state, message, asked, onOpen, onAgain } = props;
  const { status, citations, sources } = state;
  const [askingWhy, setAskingWhy] = useState(false);
  const context = useMemo(
    () => ({ byMarker: new Map(citations.map((citation) => [citation.marker, citation])), open: onOpen }),
    [citations, onOpen],
  );
  return (
    <AnswerCitationsProvider value={context}>
      <AnswerBody {...props} />
      {status === 'waiting' || status === 'writing' || status === 'failed' ? null : (
        <>
          <AnswerNotes answer={asked?.answer ?? message ?? {}} />
          <SourcesList citations={citations} sources={sources} answered={status !== 'refused'} />
          <div className="mt-2 -ml-1.5 flex min-h-8 flex-wrap items-center gap-0.5">
            {state.text === '' || status === 'refused' ? null : (
              <CopyButton answer={state.text} citations={citations} />
            )}
            {onAgain === undefined ? null : (
              <IconButton
                small
                label={text.chat.regenerate}
                icon={<RotateCw className="size-4" />}
                onClick={onAgain}
              />
            )}
            {message === undefined || conversationId === undefined ? null : (
              <ThumbButtons conversationId={conversationId} message={message} onAskWhy={setAskingWhy} />
            )}
            {asked?.answer === undefined ? null : (
              <div className="ml-auto">
                <AnswerTiming answer={asked.answer} firstWordMs={asked.firstWordMs} tookMs={asked.tookMs} />
              </div>
            )}
          </div>
          {askingWhy && message !== undefined && conversationId !== undefined ? (
            <FeedbackForm conversationId={conversationId} message={message} onAskWhy={setAskingWhy} />
          ) : null}
        </>
      )}
    </AnswerCitationsProvider>
  );
}

function AnswerBody({ state, onAgain, onRephrase, onWiden }: AnswerViewProps) {
  switch (state.status) {
    case 'waiting':
      return (
        <p className="flex items-center gap-2.5 text-muted">
          <span aria-hidden className="size-2 animate-pulse rounded-full bg-accent" />
          {state.sources.length === 0
            ? text.chat.searching
            : text.chat.found(formatNumber(state.sources.length))}
        </p>
      );
    case 'writing':
      return <Words state={{ ...state, text: withoutHalfMarker(state.text) }} />;
    case 'answered':
      return <Words state={state} />;
    case 'refused':
      return (
        <div className="rounded-lg border border-line bg-surface p-4">
          <h3 className="flex items-center gap-2 font-semibold">
            <SearchX aria-hidden className="size-5 text-muted" />
            {text.chat.refusedTitle}
          </h3>
          <p className="mt-1.5 text-sm text-muted">{text.chat.refusedHint}</p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button size="sm" icon={<PencilLine className="size-4" />} onClick={onRephrase}>
              {text.chat.rephrase}
            </Button>
            {onWiden === undefined ? null : (
              <Button size="sm" icon={<Globe className="size-4" />} onClick={onWiden}>
                {text.chat.widen}
              </Button>
            )}
            <Link to="/library" className={buttonClass('plain', 'sm')}>
              <FilePlus2 aria-hidden className="size-4" />
              {text.chat.upload}
            </Link>
          </div>
        </div>
      );
    case 'stopped':
      return (
        <>
          {state.text === '' ? null : <Words state={state} />}
          <p className="mt-2 flex items-center gap-2 text-sm text-muted">
            <CircleStop aria-hidden className="size-4" />
            {state.text === '' ? text.chat.stoppedEarly : text.chat.stopped}
          </p>
        </>
      );
    case 'failed':
      return (
        <>
          {state.text === '' ? null : <Words state={state} />}
          <div
            role="alert"
            className="mt-2 rounded-lg border border-line border-l-bad border-l-3 bg-surface p-4"
          >
            <h3 className="flex items-center gap-2 font-semibold text-bad">
              <CircleAlert aria-hidden className="size-5" />
              {state.error instanceof ProblemError ? state.error.problem.title : text.chat.failedTitle}
            </h3>
            <p className="mt-1.5 text-sm">
              {state.error instanceof UnreachableError && state.text !== ''
                ? text.chat.brokenOff
                : messageOf(state.error)}
            </p>
            {onAgain === undefined ? null : (
              <Button size="sm" className="mt-3" icon={<RotateCw className="size-4" />} onClick={onAgain}>
                {text.chat.tryAgain}
              </Button>
            )}
          </div>
        </>
      );
    default:
      return state.status satisfies never;
  }
}

/** Markdown where a model wrote it, and word for word where the documents' own sentences are the answer. */
function Words({ state }: { state: AnswerState }) {
  const model = useQuery(configQuery()).data?.models[0];
  const plain = <PlainAnswer answer={state.text} />;
  return (
    <div className="leading-relaxed">
      {(state.model ?? model) === 'extractive' ? (
        plain
      ) : (
        <Suspense fallback={plain}>
          <MarkdownAnswer answer={state.text} />
        </Suspense>
      )}
    </div>
  );
}

function CopyButton({ answer, citations }: { answer: string; citations: AnswerState['citations'] }) {
  const [copied, copy] = useCopy();
  return (
    <IconButton
      small
      label={copied ? text.chat.copied : text.chat.copy}
      icon={copied ? <Check className="size-4 text-good" /> : <Copy className="size-4" />}
      onClick={() =>
        void copy(withFootnotes(answer, citations, (page) => text.viewer.page('page', formatNumber(page))))
      }
    />
  );
}
