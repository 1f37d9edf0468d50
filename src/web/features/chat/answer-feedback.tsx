import { useQueryClient } from '@tanstack/react-query';
import { ThumbsDown, ThumbsUp } from 'lucide-react';
import { useState } from 'react';
import type { Message } from '../../../contract/conversations.ts';
import { conversationKeys, rateMessage } from '../../data/conversations.ts';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Field, TextArea } from '../../ui/field.tsx';
import { toast, toastError } from '../../ui/toast.tsx';

/** Rates an answer; the thumb shows at once and falls back when the server refuses. */
function useRating(conversationId: string, message: Message) {
  const queries = useQueryClient();
  return async (rating: 1 | -1, comment?: string): Promise<boolean> => {
    const key = conversationKeys.messages(conversationId);
    const put = (feedback: Message['feedback']) =>
      queries.setQueryData<Message[]>(key, (messages) =>
        messages?.map((each) => (each.id === message.id ? { ...each, feedback } : each)),
      );
    put({ rating, comment: comment ?? null });
    try {
      await rateMessage(message.id, rating, comment);
      return true;
    } catch (error) {
      put(message.feedback);
      toastError(error, text.chat.feedbackFault);
      return false;
    }
  };
}

interface AnswerFeedbackProps {
  readonly conversationId: string;
  readonly message: Message;
  /** Whether the form for a comment is open is known above, where there is room for it. */
  readonly onAskWhy: (open: boolean) => void;
}

export function ThumbButtons({ conversationId, message, onAskWhy }: AnswerFeedbackProps) {
  const rate = useRating(conversationId, message);
  const rating = message.feedback?.rating;
  return (
    <>
      <IconButton
        small
        label={text.chat.good}
        aria-pressed={rating === 1}
        icon={<ThumbsUp className={cx('size-4', rating === 1 && 'fill-current text-good')} />}
        onClick={() => {
          onAskWhy(false);
          void rate(1).then((kept) => {
            if (kept) toast({ title: text.chat.feedbackThanks, detail: text.chat.ratedHint, tone: 'good' });
          });
        }}
      />
      <IconButton
        small
        label={text.chat.bad}
        aria-pressed={rating === -1}
        icon={<ThumbsDown className={cx('size-4', rating === -1 && 'fill-current text-bad')} />}
        onClick={() => {
          onAskWhy(true);
          void rate(-1);
        }}
      />
    </>
  );
}

export function FeedbackForm({ conversationId, message, onAskWhy }: AnswerFeedbackProps) {
  const rate = useRating(conversationId, message);
  const [comment, setComment] = useState(message.feedback?.comment ?? '');
  return (
    <form
      className="mt-3 flex flex-col gap-3 rounded-lg border border-line bg-surface p-4"
      onSubmit={async (event) => {
        event.preventDefault();
        if (await rate(-1, comment.trim())) {
          onAskWhy(false);
          toast({ title: text.chat.feedbackThanks, tone: 'good' });
        }
      }}
    >
      <Field label={text.chat.feedbackLabel} hint={text.chat.feedbackHint}>
        {(tie) => (
          <TextArea
            {...tie}
            rows={2}
            maxLength={2000}
            value={comment}
            ref={(element) => element?.focus({ preventScroll: true })}
            onChange={(event) => setComment(event.target.value)}
          />
        )}
      </Field>
      <div className="flex justify-end gap-2">
        <Button size="sm" onClick={() => onAskWhy(false)}>
          {text.ui.cancel}
        </Button>
        <Button size="sm" look="primary" type="submit" disabled={comment.trim() === ''}>
          {text.chat.feedbackSend}
        </Button>
      </div>
    </form>
  );
}
