import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Download, Ellipsis, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Conversation } from '../../../contract/conversations.ts';
import {
  conversationKeys,
  conversationMarkdown,
  conversationQuery,
  deleteConversation,
  renameConversation,
} from '../../data/conversations.ts';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Confirm, Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { Menu } from '../../ui/menu.tsx';
import { usePageTitle } from '../../ui/page.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { toastError } from '../../ui/toast.tsx';
import { keepDraft } from './drafts.ts';
import { stop } from './exchanges.ts';
import { EVERYTHING } from './scope.ts';

export function ChatHeader({ conversationId }: { conversationId: string }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data } = useQuery(conversationQuery(conversationId));
  const [dialog, setDialog] = useState<'rename' | 'delete'>();
  const title = data?.title ?? '';
  usePageTitle(title);
  const close = () => setDialog(undefined);
  return (
    <header className="flex min-h-13 items-center gap-2 border-b border-line px-4 sm:px-6 md:group-data-collapsed/shell:pl-14">
      <h1 className="min-w-0 flex-1 truncate text-sm font-semibold" title={title}>
        {title}
      </h1>
      <Menu
        trigger={<IconButton label={text.chat.menu} icon={<Ellipsis className="size-4.5" />} />}
        entries={[
          {
            label: text.chat.rename,
            icon: <Pencil className="size-4" />,
            onSelect: () => setDialog('rename'),
          },
          {
            label: text.chat.exportMarkdown,
            icon: <Download className="size-4" />,
            onSelect: () =>
              void conversationMarkdown(conversationId)
                .then((markdown) => saveFile(`${title || conversationId}.md`, 'text/markdown', markdown))
                .catch((error: unknown) => toastError(error, text.chat.exportFault)),
          },
          'line',
          {
            label: text.chat.delete,
            icon: <Trash2 className="size-4" />,
            danger: true,
            onSelect: () => setDialog('delete'),
          },
        ]}
      />
      <RenameDialog
        key={`${dialog}-${title}`}
        open={dialog === 'rename'}
        title={title}
        onClose={close}
        onRename={async (name) => {
          const key = conversationQuery(conversationId).queryKey;
          const before = queries.getQueryData(key);
          queries.setQueryData(key, (conversation: Conversation | undefined) =>
            conversation === undefined ? conversation : { ...conversation, title: name },
          );
          close();
          try {
            await renameConversation(conversationId, name);
          } catch (error) {
            queries.setQueryData(key, before);
            toastError(error, text.chat.renameFault);
          }
          await queries.invalidateQueries({ queryKey: [...conversationKeys.all, 'list'] });
        }}
      />
      <Confirm
        open={dialog === 'delete'}
        title={text.chat.deleteTitle}
        action={text.chat.delete}
        onClose={close}
        onConfirm={async () => {
          stop(conversationId);
          try {
            await deleteConversation(conversationId);
          } catch (error) {
            toastError(error, text.chat.deleteFault);
            return;
          }
          keepDraft(conversationId, { text: '', scope: EVERYTHING });
          await navigate({ to: '/chat', replace: true });
          queries.removeQueries({ queryKey: [...conversationKeys.all, conversationId] });
          void queries.invalidateQueries({ queryKey: [...conversationKeys.all, 'list'] });
        }}
      >
        {text.chat.deleteBody}
      </Confirm>
    </header>
  );
}

function RenameDialog({
  open,
  title,
  onClose,
  onRename,
}: {
  open: boolean;
  title: string;
  onClose: () => void;
  onRename: (name: string) => void;
}) {
  const [name, setName] = useState(title);
  const wanted = name.trim();
  return (
    <Dialog open={open} onClose={onClose} title={text.chat.renameTitle}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted !== '') onRename(wanted);
        }}
      >
        <div className="px-5 pb-5">
          <Field label={text.chat.name}>
            {(tie) => (
              <Input
                {...tie}
                dir="auto"
                maxLength={200}
                value={name}
                onFocus={(event) => event.target.select()}
                onChange={(event) => setName(event.target.value)}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button look="primary" type="submit" disabled={wanted === '' || wanted === title}>
            {text.ui.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
