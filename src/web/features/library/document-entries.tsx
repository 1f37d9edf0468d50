import { Download, FolderInput, MessageSquareText, Pencil, RotateCw, Tag, Trash2 } from 'lucide-react';
import type { Document } from '../../../contract/documents.ts';
import * as text from '../../text/text.ts';
import type { MenuEntry } from '../../ui/menu.tsx';
import { reindexOne } from './change-documents.ts';
import { downloadOriginal } from './download-original.ts';

/** Which dialog is open. */
export type DialogKind = 'rename' | 'tags' | 'move';

export interface DocumentActions {
  readonly onAsk: (document: Document) => void;
  readonly onDialog: (kind: DialogKind, document: Document) => void;
  readonly onDelete: (document: Document) => void;
}

/** What the menu of a document offers; a reader only gets what changes nothing. */
export function documentEntries(
  document: Document,
  canEdit: boolean,
  { onAsk, onDialog, onDelete }: DocumentActions,
): readonly (MenuEntry | false)[] {
  return [
    document.status === 'ready' && {
      label: text.library.ask,
      icon: <MessageSquareText className="size-4" />,
      onSelect: () => onAsk(document),
    },
    {
      label: text.library.download,
      icon: <Download className="size-4" />,
      onSelect: () => void downloadOriginal(document),
    },
    canEdit && 'line',
    canEdit && {
      label: text.library.rename,
      icon: <Pencil className="size-4" />,
      onSelect: () => onDialog('rename', document),
    },
    canEdit && {
      label: text.library.editTags,
      icon: <Tag className="size-4" />,
      onSelect: () => onDialog('tags', document),
    },
    canEdit && {
      label: text.library.move,
      icon: <FolderInput className="size-4" />,
      onSelect: () => onDialog('move', document),
    },
    canEdit &&
      document.progress === undefined && {
        label: document.status === 'failed' ? text.library.retry : text.library.reindex,
        icon: <RotateCw className="size-4" />,
        onSelect: () => void reindexOne(document),
      },
    canEdit && 'line',
    canEdit && {
      label: text.library.delete,
      icon: <Trash2 className="size-4" />,
      danger: true,
      onSelect: () => onDelete(document),
    },
  ];
}
