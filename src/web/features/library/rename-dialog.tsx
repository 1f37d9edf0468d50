import { useState } from 'react';
import type { Document } from '../../../contract/documents.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { describeDocument } from './change-documents.ts';

export const MAX_TITLE = 500;

export function RenameDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const [title, setTitle] = useState(document.title);
  const trimmed = title.trim();
  return (
    <Dialog open title={text.library.renameTitle} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // a refusal is told in the background, and the old title is back
          if (trimmed !== document.title)
            void describeDocument(document, { title: trimmed }).catch(() => undefined);
          onClose();
        }}
      >
        <div className="px-5 pb-5">
          <Field label={text.library.newTitle} hint={text.library.titleHint(document.filename)}>
            {(tie) => (
              <Input
                {...tie}
                value={title}
                maxLength={MAX_TITLE}
                onFocus={(event) => event.target.select()}
                onChange={(event) => setTitle(event.target.value)}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button type="submit" look="primary" disabled={trimmed === ''}>
            {text.ui.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
