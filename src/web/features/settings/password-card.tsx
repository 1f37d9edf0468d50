import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { patchProfile } from '../../data/account.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { Card } from '../../ui/page.tsx';
import { toast } from '../../ui/toast.tsx';
import { formErrors } from './form-errors.ts';

export function PasswordCard() {
  const [currentPassword, setCurrent] = useState('');
  const [password, setNew] = useState('');
  const change = useMutation({
    mutationFn: () => patchProfile({ currentPassword, password }),
    onSuccess() {
      setCurrent('');
      setNew('');
      toast({
        title: text.settings.passwordChanged,
        detail: text.settings.passwordChangedDetail,
        tone: 'good',
      });
    },
  });
  const { fields, whole } = formErrors(change.error);
  return (
    <Card title={text.settings.password}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field label={text.settings.currentPassword} error={fields['currentPassword'] ?? whole}>
          {(tie) => (
            <Input
              {...tie}
              type="password"
              autoComplete="current-password"
              value={currentPassword}
              onChange={(event) => setCurrent(event.target.value)}
            />
          )}
        </Field>
        <Field
          label={text.settings.newPassword}
          hint={text.settings.newPasswordHint}
          error={fields['password']}
        >
          {(tie) => (
            <Input
              {...tie}
              type="password"
              autoComplete="new-password"
              value={password}
              onChange={(event) => setNew(event.target.value)}
            />
          )}
        </Field>
        <div>
          <Button type="submit" busy={change.isPending} disabled={currentPassword === '' || password === ''}>
            {text.settings.changePassword}
          </Button>
        </div>
      </form>
    </Card>
  );
}
