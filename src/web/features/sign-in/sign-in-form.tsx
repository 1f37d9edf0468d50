import { useMutation } from '@tanstack/react-query';
import { Eye, EyeOff } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { type Credentials, signIn } from '../../client/session.ts';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { type Faults, faultsOfError, faultsOfFields } from './faults.ts';

const words = text.signIn;
export type Kind = 'login' | 'register';

export function SignInForm({ kind }: { kind: Kind }) {
  const form = useRef<HTMLFormElement>(null);
  const [fields, setFields] = useState({ email: '', password: '', name: '' });
  const [faults, setFaults] = useState<Faults>({});
  const [visible, setVisible] = useState(false);
  const submit = useMutation({
    mutationFn: () => {
      const { name, ...needed } = fields;
      const credentials: Credentials =
        kind === 'register' && name.trim() !== '' ? { ...needed, name } : needed;
      return signIn(kind, credentials);
    },
    onError: (error) => setFaults(faultsOfError(error)),
  });
  // to the first field that is wrong, once it is marked as such
  useEffect(() => {
    if (Object.keys(faults).length > 0) form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }, [faults]);
  const set = (name: keyof typeof fields) => (event: React.ChangeEvent<HTMLInputElement>) =>
    setFields({ ...fields, [name]: event.target.value });
  return (
    <form
      ref={form}
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (submit.isPending) return;
        const found = faultsOfFields(fields);
        setFaults(found);
        if (Object.keys(found).length === 0) submit.mutate();
      }}
    >
      {kind === 'register' ? (
        <Field label={words.name} hint={words.nameHint} error={faults.name}>
          {(tie) => (
            <Input {...tie} autoComplete="name" maxLength={100} value={fields.name} onChange={set('name')} />
          )}
        </Field>
      ) : null}
      <Field label={words.email} error={faults.email}>
        {(tie) => (
          <Input
            {...tie}
            type="email"
            autoComplete="username"
            required
            value={fields.email}
            onChange={set('email')}
          />
        )}
      </Field>
      <Field
        label={words.password}
        hint={kind === 'register' ? words.passwordHint : undefined}
        error={faults.password}
      >
        {(tie) => (
          <div className="relative">
            <Input
              {...tie}
              type={visible ? 'text' : 'password'}
              autoComplete={kind === 'login' ? 'current-password' : 'new-password'}
              required
              className="pr-11"
              value={fields.password}
              onChange={set('password')}
            />
            <IconButton
              small
              label={visible ? words.hidePassword : words.showPassword}
              icon={visible ? <EyeOff className="size-4" /> : <Eye className="size-4" />}
              onClick={() => setVisible(!visible)}
              className="absolute top-1.5 right-1.5"
            />
          </div>
        )}
      </Field>
      {faults.whole === undefined ? null : (
        <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">
          {faults.whole}
        </p>
      )}
      <Button look="primary" type="submit" busy={submit.isPending} className="mt-1 h-10">
        {kind === 'login' ? words.signIn : words.register}
      </Button>
      {kind === 'register' ? <p className="text-sm text-muted">{words.first}</p> : null}
    </form>
  );
}
