import { useSyncExternalStore } from 'react';
import * as text from '../../text/text.ts';
import { cx } from '../../ui/cx.ts';
import { Card } from '../../ui/page.tsx';
import { chooseTheme, chosenTheme, type Theme } from '../../ui/theme.ts';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function AppearanceCard() {
  const theme = useSyncExternalStore(chosenTheme.subscribe, chosenTheme.get);
  return (
    <Card title={text.settings.appearance}>
      <fieldset className="flex flex-wrap gap-2">
        <legend className="mb-2 text-sm font-medium">{text.settings.theme}</legend>
        {THEMES.map((each) => (
          <label
            key={each}
            className={cx(
              'flex items-center gap-2 rounded-md border px-3 py-2 text-sm has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent-text',
              each === theme
                ? 'border-accent-text bg-accent-soft text-accent-text'
                : 'border-line hover:bg-hover',
            )}
          >
            <input
              type="radio"
              name="theme"
              className="accent-accent"
              checked={each === theme}
              onChange={() => chooseTheme(each)}
            />
            {text.settings.themes[each]}
          </label>
        ))}
      </fieldset>
    </Card>
  );
}
