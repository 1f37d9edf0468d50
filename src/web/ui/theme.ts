import { createStore } from '../client/store.ts';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'ka.theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

const stored = localStorage.getItem(KEY);
const theme = createStore<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');
export const chosenTheme: Pick<typeof theme, 'get' | 'subscribe'> = theme;

export function chooseTheme(next: Theme): void {
  theme.set(next);
  if (next === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, next);
  apply();
}

function apply(): void {
  const chosen = theme.get();
  document.documentElement.dataset['theme'] =
    chosen === 'system' ? (prefersDark.matches ? 'dark' : 'light') : chosen;
}

/** Sets the theme and follows the system's while nothing else is chosen. */
export function startTheme(): void {
  apply();
  prefersDark.addEventListener('change', apply);
}
