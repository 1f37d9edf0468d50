import { Pencil } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { TextArea } from '../../ui/field.tsx';
import { isAskable, MAX_QUESTION } from './question-length.ts';

interface QuestionViewProps {
  readonly question: string;
  /** Answers that an edit replaces, its own included. */
  readonly replaces: number;
  /** Absent while an answer is being written. */
  readonly onResend: ((question: string) => void) | undefined;
}

export function QuestionView({ question, replaces, onResend }: QuestionViewProps) {
  const [editing, setEditing] = useState(false);
  if (editing && onResend !== undefined)
    return (
      <EditQuestion
        question={question}
        replaces={replaces}
        onCancel={() => setEditing(false)}
        onSend={(next) => {
          setEditing(false);
          onResend(next);
        }}
      />
    );
  return (
    <div className="group flex items-start justify-end gap-1">
      {onResend === undefined ? null : (
        <IconButton
          small
          label={text.chat.edit}
          icon={<Pencil className="size-3.5" />}
          onClick={() => setEditing(true)}
          className="mt-1.5 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 [@media(hover:none)]:opacity-100"
        />
      )}
      <h2
        dir="auto"
        className="max-w-[85%] rounded-xl rounded-tr-sm bg-accent-soft px-4 py-2 text-[0.9375rem] leading-relaxed font-normal whitespace-pre-wrap"
      >
        <span className="sr-only">{text.chat.you}: </span>
        {question}
      </h2>
    </div>
  );
}

function EditQuestion({
  question,
  replaces,
  onCancel,
  onSend,
}: {
  question: string;
  replaces: number;
  onCancel: () => void;
  onSend: (question: string) => void;
}) {
  const [words, setWords] = useState(question);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(question.length, question.length);
  }, [question]);
  const send = () => isAskable(words) && onSend(words.trim());
  return (
    <form
      className="rounded-xl border border-line bg-surface p-3 shadow-card"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <TextArea
        ref={field}
        dir="auto"
        aria-label={text.chat.editLabel}
        rows={3}
        maxLength={MAX_QUESTION}
        value={words}
        onChange={(event) => setWords(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onCancel();
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div className="mt-2 flex flex-wrap items-center justify-end gap-2">
        {replaces === 0 ? null : (
          <p className="mr-auto text-sm text-muted">{text.chat.editRemoves(replaces)}</p>
        )}
        <Button size="sm" onClick={onCancel}>
          {text.ui.cancel}
        </Button>
        <Button size="sm" look="primary" type="submit" disabled={!isAskable(words)}>
          {text.chat.ask}
        </Button>
      </div>
    </form>
  );
}
