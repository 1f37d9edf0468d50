import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { signOut } from '../../client/session.ts';
import { deleteAccount } from '../../data/account.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { formErrors } from './form-errors.ts';

export function AccountCard() {
  const [asking, setAsking] = useState(false);
  return (
    <Card title={text.settings.account}>
      <p className="mb-4 text-sm text-muted">{text.settings.accountText}</p>
      <Button look="danger" onClick={() => setAsking(true)}>
        {text.settings.deleteAccount}
      </Button>
      {asking ? <DeleteAccount onClose={() => setAsking(false)} /> : null}
    </Card>
  );
}

function DeleteAccount({ onClose }: { onClose: () => void }) {
  const [password, setPassword] = useState('');
  const remove = useMutation({ mutationFn: () => deleteAccount(password), onSuccess: () => signOut() });
  const { fields, whole } = formErrors(remove.error);
  return (
    <Dialog open onClose={onClose} title={text.settings.deleteAccountTitle}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          remove.mutate();
        }}
      >
        <div className="flex flex-col gap-4 px-5 pb-5">
          <p className="text-muted">{text.settings.accountText}</p>
          <Field label={text.settings.confirmPassword} error={fields['password'] ?? whole}>
            {(tie) => (
              <Input
                {...tie}
                type="password"
                autoComplete="current-password"
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button look="danger" type="submit" busy={remove.isPending} disabled={password === ''}>
            {text.settings.deleteAccount}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
