import { useState } from 'react';
import type { Document } from '../../../contract/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { describeDocument } from './change-documents.ts';
import { TagField } from './tag-field.tsx';

/** All tags of one document. */
export function TagsDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const [tags, setTags] = useState(document.tags);
  return (
    <Dialog open title={text.library.tagsTitle} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void describeDocument(document, { tags }).catch(() => undefined);
          onClose();
        }}
      >
        <div className="px-5 pb-5">
          <p className="mb-4 truncate text-sm text-muted">{document.title}</p>
          <TagField label={text.library.addTags} tags={tags} onChange={setTags} />
        </div>
        <Actions onClose={onClose} disabled={false} />
      </form>
    </Dialog>
  );
}

interface ManyProps {
  readonly count: number;
  /** Those that any of the documents has, as far as they are loaded. */
  readonly present: readonly string[];
  readonly onClose: () => void;
  readonly onSave: (add: string[], remove: string[]) => void;
}

/** What many documents get and lose; the tags that they do not share stay. */
export function TagsOfManyDialog({ count, present, onClose, onSave }: ManyProps) {
  const [add, setAdd] = useState<string[]>([]);
  const [remove, setRemove] = useState<string[]>([]);
  return (
    <Dialog open title={text.library.tagsTitleMany(formatNumber(count))} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSave(
            add,
            remove.filter((tag) => !add.includes(tag)),
          );
          onClose();
        }}
      >
        <div className="flex flex-col gap-5 px-5 pb-5">
          <TagField label={text.library.addTags} tags={add} onChange={setAdd} />
          {present.length === 0 ? null : (
            <fieldset>
              <legend className="text-sm font-medium">{text.library.removeTags}</legend>
              <p className="mt-0.5 mb-2 text-sm text-muted">{text.library.removeTagsHint}</p>
              <div className="flex flex-wrap gap-1.5">
                {present.map((tag) => {
                  const goes = remove.includes(tag);
                  return (
                    <button
                      key={tag}
                      type="button"
                      aria-pressed={goes}
                      onClick={() =>
                        setRemove(goes ? remove.filter((each) => each !== tag) : [...remove, tag])
                      }
                      className={cx(
                        'h-7 max-w-full truncate rounded-full border px-2.5 text-xs',
                        goes
                          ? 'border-transparent bg-bad-soft text-bad line-through'
                          : 'border-line text-muted hover:bg-hover hover:text-ink',
                      )}
                    >
                      {tag}
                    </button>
                  );
                })}
              </div>
            </fieldset>
          )}
        </div>
        <Actions onClose={onClose} disabled={add.length + remove.length === 0} />
      </form>
    </Dialog>
  );
}

const Actions = ({ onClose, disabled }: { onClose: () => void; disabled: boolean }) => (
  <DialogActions>
    <Button onClick={onClose}>{text.ui.cancel}</Button>
    <Button type="submit" look="primary" disabled={disabled}>
      {text.ui.save}
    </Button>
  </DialogActions>
);
