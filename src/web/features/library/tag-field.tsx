import { useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { facetsQuery } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { Field, Input } from '../../ui/field.tsx';

const MAX_LENGTH = 50;
const MAX_TAGS = 50;
const MAX_SUGGESTIONS = 8;

interface TagFieldProps {
  readonly label: string;
  readonly tags: readonly string[];
  readonly onChange: (tags: string[]) => void;
}

/** Tags as pills, with those that other documents have as suggestions. */
export function TagField({ label, tags, onChange }: TagFieldProps) {
  const [typed, setTyped] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const { data: facets } = useQuery(facetsQuery());
  const wanted = typed.trim().toLowerCase();
  const suggestions = (facets?.tags ?? [])
    .map(({ tag }) => tag)
    .filter((tag) => !tags.includes(tag) && tag.toLowerCase().includes(wanted))
    .slice(0, MAX_SUGGESTIONS);
  const error =
    typed.trim().length > MAX_LENGTH
      ? text.library.tagTooLong
      : tags.length >= MAX_TAGS && wanted !== ''
        ? text.library.tooManyTags
        : undefined;
  const add = (tag: string) => {
    const trimmed = tag.trim();
    if (trimmed === '' || error !== undefined) return;
    if (!tags.includes(trimmed)) onChange([...tags, trimmed]);
    setTyped('');
    input.current?.focus();
  };
  return (
    <div className="flex flex-col gap-3">
      <Field label={label} hint={text.library.tagHint} error={error}>
        {(tie) => (
          <Input
            {...tie}
            ref={input}
            value={typed}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if ((event.key === 'Enter' || event.key === ',') && !event.nativeEvent.isComposing) {
                // an empty field leaves Enter to the form
                if (event.key === ',' || wanted !== '') event.preventDefault();
                add(typed);
              } else if (event.key === 'Backspace' && typed === '' && tags.length > 0) {
                onChange(tags.slice(0, -1));
              }
            }}
            onBlur={(event) => {
              // what was typed and left is meant, unless a suggestion takes its place
              if (!event.relatedTarget?.hasAttribute('data-suggestion')) add(typed);
            }}
          />
        )}
      </Field>
      {tags.length === 0 ? null : (
        <ul className="flex flex-wrap gap-1.5" aria-label={text.library.tags}>
          {tags.map((tag) => (
            <li key={tag} className="max-w-full">
              <Pill>
                <span className="truncate">{tag}</span>
                <button
                  type="button"
                  aria-label={text.library.removeTag(tag)}
                  onClick={() => onChange(tags.filter((each) => each !== tag))}
                  className="grid size-5 shrink-0 place-items-center rounded-full hover:bg-hover"
                >
                  <X aria-hidden className="size-3" />
                </button>
              </Pill>
            </li>
          ))}
        </ul>
      )}
      {suggestions.length === 0 ? null : (
        <div>
          <p className="mb-1.5 text-xs font-medium text-muted">{text.library.suggestions}</p>
          <ul className="flex flex-wrap gap-1.5">
            {suggestions.map((tag) => (
              <li key={tag} className="max-w-full">
                <button
                  type="button"
                  data-suggestion
                  aria-label={text.library.addTag(tag)}
                  onClick={() => add(tag)}
                  className="inline-flex h-7 max-w-full items-center gap-1 rounded-full border border-line px-2.5 text-xs text-muted hover:bg-hover hover:text-ink"
                >
                  <Plus aria-hidden className="size-3 shrink-0" />
                  <span className="truncate">{tag}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

const Pill = ({ children }: { children: ReactNode }) => (
  <span className="inline-flex h-7 max-w-full items-center gap-0.5 rounded-full bg-accent-soft pr-1 pl-2.5 text-xs font-medium text-accent-text">
    {children}
  </span>
);
