import { memo } from 'react';
import type { Message } from '../../../contract/conversations.ts';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { answerState } from './answer-state.ts';
import { AnswerView } from './answer-view.tsx';
import type { Passage } from './citation-context.ts';
import type { Exchange } from './exchanges.ts';
import { QuestionView } from './question-view.tsx';

/** What can be done with a turn; the same functions all the time, so that turns that did not change are not drawn again. */
export interface TurnActions {
  open(passage: Passage): void;
  /** Takes the question and what follows back, and asks this instead. */
  resend(turnKey: string, question: string): void;
  rephrase(question: string): void;
  widen(turnKey: string, question: string): void;
}

interface TurnViewProps {
  readonly turnKey: string;
  readonly conversationId: string | undefined;
  readonly question: Message | undefined;
  readonly answer: Message | undefined;
  readonly asked: Exchange | undefined;
  /** Turns from this one to the end. */
  readonly toEnd: number;
  readonly busy: boolean;
  /** Whether a wider scope than the one asked in is left. */
  readonly narrow: boolean;
  readonly highlighted: boolean;
  readonly actions: TurnActions;
}

export const TurnView = memo(function TurnView(props: TurnViewProps) {
  const { turnKey, conversationId, question, answer, asked, toEnd, busy, narrow, highlighted, actions } =
    props;
  const state = answerState(answer, asked);
  const words = question?.content ?? asked?.question;
  const narrowed = asked === undefined ? narrow : asked.scope.kind !== 'everything';
  return (
    <li
      data-turn={turnKey}
      data-question={question?.id}
      data-answer={answer?.id}
      className={cx(
        'rounded-lg px-1 py-4 [contain-intrinsic-size:auto_20rem]',
        toEnd > 4 && '[content-visibility:auto]',
        highlighted && 'bg-hover',
      )}
    >
      {words === undefined ? null : (
        <QuestionView
          question={words}
          replaces={question === undefined && answer === undefined ? 0 : toEnd}
          onResend={busy ? undefined : (next) => actions.resend(turnKey, next)}
        />
      )}
      <article
        aria-label={text.chat.answerLabel}
        aria-busy={state.status === 'waiting' || state.status === 'writing'}
        className="mt-5"
      >
        <AnswerView
          conversationId={conversationId}
          state={state}
          message={answer}
          asked={asked}
          onOpen={actions.open}
          onAgain={
            (toEnd === 1 || answer === undefined) && !busy && words !== undefined
              ? () => actions.resend(turnKey, words)
              : undefined
          }
          onRephrase={() => actions.rephrase(words ?? '')}
          onWiden={narrowed && !busy && words !== undefined ? () => actions.widen(turnKey, words) : undefined}
        />
      </article>
    </li>
  );
});
