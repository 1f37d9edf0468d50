import * as text from '../text/text.ts';
import { Dialog } from '../ui/dialog.tsx';
import { keysOf } from './keys.ts';

const words = text.shell.keys;
const SHORTCUTS = [
  ['mod+k', words.palette],
  ['mod+shift+o', words.newChat],
  ['mod+/', words.help],
  ['Enter', words.send],
  ['shift+Enter', words.newLine],
  ['#', words.scope],
  ['Esc', words.escape],
] as const;

export const ShortcutHelp = ({ onClose }: { onClose: () => void }) => (
  <Dialog open onClose={onClose} title={words.title}>
    <dl className="divide-y divide-line px-5 pb-5">
      {SHORTCUTS.map(([keys, what]) => (
        <div key={keys} className="flex items-center justify-between gap-4 py-2.5 text-sm">
          <dt>{what}</dt>
          <dd>
            <kbd className="rounded-md border border-line bg-sunken px-2 py-1 font-sans text-xs whitespace-nowrap">
              {keysOf(keys)}
            </kbd>
          </dd>
        </div>
      ))}
    </dl>
  </Dialog>
);
