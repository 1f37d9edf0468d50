import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { Eye, EyeOff } from 'lucide-react';
import { useRef, useState } from 'react';
import { messageOf, ProblemError } from '../../client/problem.ts';
import { type Credentials, signIn } from '../../client/session.ts';
import { configQuery } from '../../data/account.ts';
import * as text from '../../text/text.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { usePageTitle } from '../../ui/page.tsx';
import { PromisePanel } from './promise-panel.tsx';

const route = getRouteApi('/sign-in');
const words = text.signIn;
type Kind = 'login' | 'register';

export function SignInPage() {
  const [kind, setKind] = useState<Kind>('login');
  usePageTitle(kind === 'login' ? words.signIn : words.register);
  const { data: config } = useQuery(configQuery());
  const mayRegister = config?.registrationEnabled ?? false;
  return (
    <div className="grid min-h-full lg:grid-cols-2">
      <main className="flex flex-col justify-center px-5 py-10 sm:px-12">
        <div className="mx-auto w-full max-w-sm">
          <p className="mb-10 flex items-center gap-2.5 font-semibold">
            <img src="/icon.svg" alt="" className="size-8" />
            {text.ui.appName}
          </p>
          <h1 className="text-2xl font-semibold tracking-tight">
            {kind === 'login' ? words.heading : words.registerHeading}
          </h1>
          <p className="mt-2 mb-7 text-muted">{words.lead}</p>
          <SignInForm key={kind} kind={kind} />
          {mayRegister || kind === 'register' ? (
            <p className="mt-6 text-sm text-muted">
              {kind === 'login' ? words.toRegister : words.toSignIn}{' '}
              <button
                type="button"
                className="rounded-sm font-medium text-accent-text underline-offset-4 hover:underline"
                onClick={() => setKind(kind === 'login' ? 'register' : 'login')}
              >
                {kind === 'login' ? words.register : words.signIn}
              </button>
            </p>
          ) : null}
        </div>
      </main>
      <PromisePanel />
    </div>
  );
}

function SignInForm({ kind }: { kind: Kind }) {
  const router = useRouter();
  const { next } = route.useSearch();
  const form = useRef<HTMLFormElement>(null);
  const [fields, setFields] = useState({ email: '', password: '', name: '' });
  const [visible, setVisible] = useState(false);
  const submit = useMutation({
    mutationFn: () => {
      const { name, ...needed } = fields;
      const credentials: Credentials =
        kind === 'register' && name.trim() !== '' ? { ...needed, name } : needed;
      return signIn(kind, credentials);
    },
    onSuccess: () => router.navigate({ href: next ?? '/', replace: true }),
    // the first field that is wrong, once it is marked as such
    onError: () =>
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus()),
  });
  const faults = faultsOf(submit.error);
  const set = (name: keyof typeof fields) => (event: React.ChangeEvent<HTMLInputElement>) =>
    setFields({ ...fields, [name]: event.target.value });
  return (
    <form
      ref={form}
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit.mutate();
      }}
    >
      {kind === 'register' ? (
        <Field label={words.name} hint={words.nameHint} error={faults['name']}>
          {(tie) => (
            <Input {...tie} autoComplete="name" maxLength={100} value={fields.name} onChange={set('name')} />
          )}
        </Field>
      ) : null}
      <Field label={words.email} error={faults['email']}>
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
        error={faults['password']}
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
              aria-pressed={visible}
              icon={visible ? <EyeOff className="size-4" /> : <Eye className="size-4" />}
              onClick={() => setVisible(!visible)}
              className="absolute top-1.5 right-1.5"
            />
          </div>
        )}
      </Field>
      {faults['whole'] === undefined ? null : (
        <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-sm text-bad">
          {faults['whole']}
        </p>
      )}
      <Button look="primary" type="submit" busy={submit.isPending} className="mt-1 h-10">
        {kind === 'login' ? words.signIn : words.register}
      </Button>
      {kind === 'register' ? <p className="text-sm text-muted">{words.first}</p> : null}
    </form>
  );
}

/** By field, `whole` for what belongs to none. */
function faultsOf(error: unknown): Readonly<Record<string, string>> {
  if (error === null) return {};
  const named = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  if (named.length === 0) return { whole: messageOf(error) };
  return Object.fromEntries(
    named.map(({ path, message }) => [path, `${message.charAt(0).toUpperCase()}${message.slice(1)}.`]),
  );
}
