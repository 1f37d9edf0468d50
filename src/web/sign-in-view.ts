import type { User } from '../contract/auth.ts';
import { signIn } from './api.ts';
import { element } from './element.ts';

/** The first page: one form for signing in and for making an account. */
export function signInView(registrationEnabled: boolean, onSignedIn: (user: User) => void): HTMLElement {
  const email = element('input', { id: 'email', type: 'email', autocomplete: 'username', required: true });
  const password = element('input', {
    id: 'password',
    type: 'password',
    autocomplete: 'current-password',
    minlength: '8',
    required: true,
  });
  const fault = element('p', { class: 'fault', role: 'alert', hidden: true });
  const buttons = [element('button', { type: 'submit', value: 'login' }, 'Sign in')];
  if (registrationEnabled)
    buttons.push(element('button', { type: 'submit', value: 'register', class: 'quiet' }, 'Create account'));

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const kind = (event.submitter as HTMLButtonElement | null)?.value === 'register' ? 'register' : 'login';
    fault.hidden = true;
    for (const button of buttons) button.disabled = true;
    try {
      onSignedIn(await signIn(kind, email.value, password.value));
    } catch (error) {
      fault.textContent = error instanceof Error ? error.message : String(error);
      fault.hidden = false;
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  };
  return element(
    'main',
    { class: 'sign-in' },
    element('h1', {}, 'Knowledge Assistant'),
    element('p', {}, 'Ask your own documents, and see the very passage each answer rests on.'),
    element(
      'form',
      { onsubmit: (event) => void submit(event as SubmitEvent) },
      element('label', { for: 'email' }, 'Email'),
      email,
      element('label', { for: 'password' }, 'Password'),
      password,
      element('p', { class: 'hint' }, 'At least 8 characters. The first account becomes the administrator.'),
      fault,
      element('div', { class: 'row' }, ...buttons),
    ),
  );
}
