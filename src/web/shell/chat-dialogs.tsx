import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { Conversation } from '../../contract/conversations.ts';
import { conversationKeys, deleteConversation, renameConversation } from '../data/conversations.ts';
import * as text from '../text/text.ts';
import { Button } from '../ui/button.tsx';
import { Confirm, Dialog, DialogActions } from '../ui/dialog.tsx';
import { Field, Input } from '../ui/field.tsx';
import { toastError } from '../ui/toast.tsx';

export function RenameChat({ chat, onClose }: { chat: Conversation; onClose: () => void }) {
  const queries = useQueryClient();
  const [title, setTitle] = useState(chat.title);
  const rename = useMutation({
    mutationFn: () => renameConversation(chat.id, title),
    onSuccess: onClose,
    onError: (error) => toastError(error),
    onSettled: () => queries.invalidateQueries({ queryKey: conversationKeys.all }),
  });
  return (
    <Dialog open onClose={onClose} title={text.shell.renameTitle}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate();
        }}
      >
        <div className="px-5 pb-5">
          <Field label={text.shell.chatTitle}>
            {(tie) => (
              <Input
                {...tie}
                maxLength={200}
                value={title}
                onChange={(event) => setTitle(event.target.value)}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button look="primary" type="submit" busy={rename.isPending} disabled={title.trim() === ''}>
            {text.ui.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export function DeleteChat({ chat, onClose }: { chat: Conversation; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { conversationId } = useParams({ strict: false });
  return (
    <Confirm
      open
      title={text.shell.deleteChatTitle}
      action={text.shell.delete}
      onClose={onClose}
      onConfirm={async () => {
        try {
          await deleteConversation(chat.id);
          if (conversationId === chat.id) await navigate({ to: '/chat', replace: true });
        } catch (error) {
          toastError(error);
        }
        await queries.invalidateQueries({ queryKey: conversationKeys.all });
      }}
    >
      {text.shell.deleteChatText(chat.title)}
    </Confirm>
  );
}
