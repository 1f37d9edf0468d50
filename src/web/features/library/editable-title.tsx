import { Pencil } from 'lucide-react';
import { useState } from 'react';
import type { Document } from '../../../contract/documents.ts';
import * as text from '../../text/text.ts';
import { IconButton } from '../../ui/button.tsx';
import { describeDocument } from './change-documents.ts';
import { MAX_TITLE } from './rename-dialog.tsx';

/** The heading, which a press turns into a field. Enter or leaving it saves, Escape does not. */
export function EditableTitle({ document, canEdit }: { document: Document; canEdit: boolean }) {
  const [typed, setTyped] = useState<string>();
  const save = () => {
    const title = typed?.trim() ?? '';
    setTyped(undefined);
    // a refusal is told in the background, and the old title is back
    if (title !== '' && title !== document.title)
      void describeDocument(document, { title }).catch(() => undefined);
  };
  if (typed !== undefined)
    return (
      <input
        // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was pressed
        autoFocus
        aria-label={text.library.newTitle}
        value={typed}
        maxLength={MAX_TITLE}
        onFocus={(event) => event.target.select()}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={save}
        onKeyDown={({ key, nativeEvent }) => {
          if (key === 'Enter' && !nativeEvent.isComposing) save();
          else if (key === 'Escape') setTyped(undefined);
        }}
        className="h-9 w-full rounded-md border border-line-strong bg-surface px-2 text-lg font-semibold tracking-tight"
      />
    );
  return (
    <div className="group flex min-h-9 items-center gap-1">
      <h1
        className="line-clamp-2 min-w-0 text-lg leading-6 font-semibold tracking-tight [overflow-wrap:anywhere]"
        title={document.title}
      >
        {document.title}
      </h1>
      {canEdit ? (
        <IconButton
          small
          label={text.library.editTitle}
          icon={<Pencil className="size-3.5" />}
          className="opacity-0 group-hover:opacity-100 focus-visible:opacity-100 pointer-coarse:opacity-100 max-sm:hidden"
          onClick={() => setTyped(document.title)}
        />
      ) : null}
    </div>
  );
}
