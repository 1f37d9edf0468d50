import { useQuery } from '@tanstack/react-query';
import { ArrowDownUp } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Collection } from '../../../contract/collections.ts';
import type { Document } from '../../../contract/documents.ts';
import { type DocumentsFilter, facetsQuery } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { SearchField } from '../../ui/field.tsx';
import { Menu } from '../../ui/menu.tsx';
import { typeName } from './document-type.tsx';
import { FilterMenu } from './filter-menu.tsx';
import { SORTS, type Sort } from './sort.ts';

/** A pause in typing this long searches. */
const PAUSE_MS = 200;

interface FilterBarProps {
  readonly filter: DocumentsFilter;
  readonly collections: readonly Collection[];
  readonly sort: Sort;
  readonly onChange: (change: DocumentsFilter) => void;
  readonly onSort: (sort: Sort) => void;
}

/** Search as you type, filters with counts, and the order for where there are no headers to press. */
export function FilterBar({ filter, collections, sort, onChange, onSort }: FilterBarProps) {
  const { data: facets } = useQuery(facetsQuery(filter.collectionId));
  const { statuses, filters } = text.library;
  const filtered = [filter.q, filter.status, filter.mimeType, filter.tag, filter.collectionId].some(
    (value) => value !== undefined,
  );
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <Search value={filter.q ?? ''} onChange={(q) => onChange({ q: q === '' ? undefined : q })} />
      <Menu
        trigger={
          <Button
            className="md:hidden"
            aria-label={text.library.sortBy}
            icon={<ArrowDownUp className="size-4" />}
          />
        }
        entries={[
          { heading: text.library.sortBy },
          ...SORTS.map((each) => ({
            label: text.library.sort[each],
            checked: each === sort,
            onChange: () => onSort(each),
          })),
        ]}
      />
      <div className="-mx-4 flex min-w-0 max-md:w-[calc(100%+2rem)] max-md:overflow-x-auto max-md:px-4 max-md:py-0.5 md:mx-0 md:flex-wrap gap-2">
        <FilterMenu
          name={filters.status}
          value={filter.status}
          valueLabel={filter.status === undefined ? '' : statuses[filter.status]}
          options={(facets?.statuses ?? []).map(({ status, count }) => ({
            value: status,
            label: statuses[status],
            count,
          }))}
          onChange={(status) => onChange({ status: status as Document['status'] | undefined })}
        />
        <FilterMenu
          name={filters.type}
          value={filter.mimeType}
          valueLabel={filter.mimeType === undefined ? '' : typeName(filter.mimeType)}
          options={(facets?.mimeTypes ?? []).map(({ mimeType, count }) => ({
            value: mimeType,
            label: typeName(mimeType),
            count,
          }))}
          onChange={(mimeType) => onChange({ mimeType })}
        />
        <FilterMenu
          name={filters.tag}
          value={filter.tag}
          valueLabel={filter.tag ?? ''}
          options={(facets?.tags ?? []).map(({ tag, count }) => ({ value: tag, label: tag, count }))}
          onChange={(tag) => onChange({ tag })}
        />
        <FilterMenu
          name={filters.collection}
          value={filter.collectionId}
          valueLabel={collections.find(({ id }) => id === filter.collectionId)?.name ?? '…'}
          options={collections.map(({ id, name, documentCount }) => ({
            value: id,
            label: name,
            count: documentCount,
          }))}
          onChange={(collectionId) => onChange({ collectionId })}
        />
        {filtered ? (
          <Button size="sm" look="quiet" onClick={() => onChange(NO_FILTER)}>
            {filters.clear}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

export const NO_FILTER: DocumentsFilter = {
  q: undefined,
  status: undefined,
  mimeType: undefined,
  tag: undefined,
  collectionId: undefined,
};

/** What is typed goes to the address after a pause; what the address says otherwise comes back. */
function Search({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <SearchField
      label={text.library.search}
      value={typed}
      onChange={(next) => {
        setTyped(next);
        clearTimeout(timer.current);
        const send = () => {
          sent.current = next.trim();
          onChange(sent.current);
        };
        if (next === '') send();
        else timer.current = setTimeout(send, PAUSE_MS);
      }}
      className="min-w-0 flex-1 md:max-w-xs md:min-w-56"
    />
  );
}
