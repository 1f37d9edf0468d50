import type { Document } from '../../../contract/documents.ts';
import * as text from '../../text/text.ts';
import { changeMany } from './change-documents.ts';
import type { DialogKind } from './document-entries.tsx';
import { MoveDialog } from './move-dialog.tsx';
import { RenameDialog } from './rename-dialog.tsx';
import { TagsDialog } from './tags-dialog.tsx';

export interface OpenDialog {
  readonly kind: DialogKind;
  readonly document: Document;
}

/** The dialog that a document's menu opened, if any. */
export function DocumentDialogs({ open, onClose }: { open: OpenDialog | undefined; onClose: () => void }) {
  if (open === undefined) return null;
  const { kind, document } = open;
  switch (kind) {
    case 'rename':
      return <RenameDialog document={document} onClose={onClose} />;
    case 'tags':
      return <TagsDialog document={document} onClose={onClose} />;
    case 'move':
      return (
        <MoveDialog
          count={1}
          from={document.collectionId}
          onClose={onClose}
          onMove={({ id, name }) =>
            void changeMany(
              [document.id],
              { type: 'move', collectionId: id },
              text.library.moved(1, '1', name),
            )
          }
        />
      );
    default:
      return kind satisfies never;
  }
}
