import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { auditQuery } from '../../data/admin.ts';
import { formatDateTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Field, Select } from '../../ui/field.tsx';
import { Table } from '../../ui/table.tsx';
import { Listing } from './listing.tsx';
import { nameOf, usePeople } from './people.ts';

const { log } = text.admin;

export function AuditPart() {
  const [actorId, setActorId] = useState<string>();
  const query = useInfiniteQuery(auditQuery(actorId));
  const people = usePeople();
  const who = (id: string | null) => {
    if (id === null) return log.nobody;
    const user = people.get(id);
    return user === undefined ? text.admin.costs.gone : nameOf(user);
  };
  return (
    <div className="flex flex-col gap-4">
      <div className="w-56">
        <Field label={log.filter}>
          {(tie) => (
            <Select
              {...tie}
              value={actorId ?? ''}
              onChange={(event) => setActorId(event.target.value || undefined)}
            >
              <option value="">{log.everyone}</option>
              {[...people.values()].map((user) => (
                <option key={user.id} value={user.id}>
                  {nameOf(user)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <Listing query={query} none={log.none}>
        {(entries) => (
          <Table
            label={text.admin.parts.audit}
            rows={entries}
            keyOf={({ id }) => id}
            columns={[
              {
                label: log.at,
                cell: ({ at }) => (
                  <time dateTime={at} className="whitespace-nowrap tabular-nums">
                    {formatDateTime(at)}
                  </time>
                ),
              },
              {
                label: log.who,
                cell: (entry) => <span className="whitespace-nowrap">{who(entry.actorId)}</span>,
              },
              {
                label: log.what,
                cell: ({ action }) => (
                  <span className="whitespace-nowrap">{log.actions[action] ?? action}</span>
                ),
              },
              {
                label: log.target,
                cell: ({ target, detail }) => (
                  <div className="text-xs text-muted">
                    {target === null ? null : (
                      <code className="break-all">{people.has(target) ? who(target) : target}</code>
                    )}
                    {detail === null ? null : <p className="break-all">{detail}</p>}
                  </div>
                ),
              },
              { label: log.from, cell: ({ ip }) => <code className="text-xs text-muted">{ip ?? '–'}</code> },
            ]}
          />
        )}
      </Listing>
    </div>
  );
}
