import { useNavigate } from '@tanstack/react-router';
import { ArrowUp } from 'lucide-react';
import { useState } from 'react';
import * as text from '../../text/text.ts';
import { IconButton } from '../../ui/button.tsx';

/** The shortest way to an answer: a new chat that begins with the question. */
export function AskBox() {
  const navigate = useNavigate();
  const [question, setQuestion] = useState('');
  const isAsked = question.trim().length >= 3;
  return (
    <form
      className="flex items-center gap-2 rounded-xl border border-line-strong bg-surface py-2 pr-2 pl-5 shadow-card focus-within:border-accent-text"
      onSubmit={(event) => {
        event.preventDefault();
        if (isAsked) void navigate({ to: '/chat', search: { q: question.trim() } });
      }}
    >
      <input
        aria-label={text.dashboard.ask}
        placeholder={text.dashboard.ask}
        maxLength={1000}
        value={question}
        onChange={(event) => setQuestion(event.target.value)}
        className="h-10 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-faint"
      />
      <IconButton
        type="submit"
        look="primary"
        label={text.dashboard.askButton}
        disabled={!isAsked}
        icon={<ArrowUp className="size-5" />}
      />
    </form>
  );
}
