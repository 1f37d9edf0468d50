import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { messageOf } from '../client/problem.ts';
import { signIn, signOut } from '../client/session.ts';
import * as text from '../text/text.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogActions } from '../ui/dialog.tsx';
import { Field, Input } from '../ui/field.tsx';

export function PasswordDialog({ email }: { email: string }) {
  const [password, setPassword] = useState('');
  const again = useMutation({ mutationFn: () => signIn('login', { email, password }) });
  return (
    <Dialog open firm onClose={() => undefined} title={text.shell.expiredTitle}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          again.mutate();
        }}
      >
        <div className="flex flex-col gap-4 px-5 pb-5">
          <p className="text-muted">{text.shell.expiredText(email)}</p>
          <input type="email" autoComplete="username" value={email} readOnly hidden />
          <Field
            label={text.shell.password}
            error={again.error === null ? undefined : messageOf(again.error)}
          >
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
          <Button onClick={() => void signOut()}>{text.shell.signOut}</Button>
          <Button look="primary" type="submit" busy={again.isPending} disabled={password === ''}>
            {text.shell.goOn}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
