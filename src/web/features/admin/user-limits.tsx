import { useState } from 'react';
import type { AdminUser } from '../../../contract/system.ts';
import type { UserChange } from '../../data/admin.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, Input } from '../../ui/field.tsx';
import { nameOf } from './people.ts';

const { people } = text.admin;

export function UserLimits({
  user,
  onClose,
  onSave,
}: {
  user: AdminUser;
  onClose: () => void;
  onSave: (fields: UserChange) => Promise<void>;
}) {
  const [quotaMb, setQuota] = useState(user.quotaMb?.toString() ?? '');
  const [budget, setBudget] = useState(user.monthlyBudgetUsd?.toString() ?? '');
  const [daily, setDaily] = useState(user.dailyBudgetUsd?.toString() ?? '');
  const [busy, setBusy] = useState(false);
  return (
    <Dialog open onClose={onClose} title={people.limitsOf(nameOf(user))}>
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          setBusy(true);
          try {
            await onSave({
              quotaMb: numberOf(quotaMb),
              monthlyBudgetUsd: numberOf(budget),
              dailyBudgetUsd: numberOf(daily),
            });
            onClose();
          } catch {
            // told by whoever saves; what was typed stays
            setBusy(false);
          }
        }}
      >
        <div className="flex flex-col gap-4 px-5 pb-5">
          <Field label={people.quota} hint={people.limitHint}>
            {(tie) => (
              <Input
                {...tie}
                type="number"
                min={0}
                step={1}
                value={quotaMb}
                onChange={(event) => setQuota(event.target.value)}
              />
            )}
          </Field>
          <Field label={people.budgetUsd} hint={people.budgetHint}>
            {(tie) => (
              <Input
                {...tie}
                type="number"
                min={0}
                step="any"
                value={budget}
                onChange={(event) => setBudget(event.target.value)}
              />
            )}
          </Field>
          <Field label={people.dailyBudgetUsd} hint={people.budgetHint}>
            {(tie) => (
              <Input
                {...tie}
                type="number"
                min={0}
                step="any"
                value={daily}
                onChange={(event) => setDaily(event.target.value)}
              />
            )}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>{text.ui.cancel}</Button>
          <Button look="primary" type="submit" busy={busy}>
            {text.ui.save}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const numberOf = (typed: string): number | null => (typed.trim() === '' ? null : Number(typed));
