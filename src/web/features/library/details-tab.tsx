import { Link } from '@tanstack/react-router';
import { Check, Copy } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Collection } from '../../../contract/collections.ts';
import type { Document } from '../../../contract/documents.ts';
import { formatBytes, formatDateTime, formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { toastError } from '../../ui/toast.tsx';
import { typeName } from './document-type.tsx';

interface DetailsProps {
  readonly document: Document;
  readonly collection: Collection | undefined;
  /** Absent when the person may not change them. */
  readonly onTags: (() => void) | undefined;
}

/** All that is known of the file. */
export function DetailsTab({ document, collection, onTags }: DetailsProps) {
  const { facts } = text.library;
  const { tags, language, readyAt, sha256, mimeType } = document;
  return (
    <section
      aria-label={text.library.tabs.details}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto p-4 outline-offset-[-2px] sm:p-6"
    >
      <dl className="mx-auto max-w-3xl divide-y divide-line rounded-lg border border-line bg-surface px-5 text-sm shadow-card">
        <Fact name={facts.filename}>{document.filename}</Fact>
        <Fact name={facts.type}>
          {typeName(mimeType)} <span className="text-muted">({mimeType})</span>
        </Fact>
        <Fact name={facts.size}>{formatBytes(document.sizeBytes)}</Fact>
        <Fact name={facts.collection}>
          {collection === undefined ? (
            '…'
          ) : (
            <Link
              to="/library"
              search={{ collectionId: collection.id }}
              className="text-accent-text hover:underline"
            >
              {collection.name}
            </Link>
          )}
        </Fact>
        <Fact name={facts.tags}>
          <div className="flex flex-wrap items-center gap-1.5">
            {tags.length === 0 ? <span className="text-muted">{text.library.noTags}</span> : null}
            {tags.map((tag) => (
              <Link key={tag} to="/library" search={{ tag }} className="max-w-full rounded-full">
                <Badge className="max-w-full hover:bg-hover">
                  <span className="truncate">{tag}</span>
                </Badge>
              </Link>
            ))}
            {onTags === undefined ? null : (
              <Button size="sm" look="quiet" className="-my-1 text-accent-text!" onClick={onTags}>
                {text.library.editTags}
              </Button>
            )}
          </div>
        </Fact>
        <Fact name={facts.pages}>{formatNumber(document.pages)}</Fact>
        <Fact name={facts.passages}>{formatNumber(document.chunks)}</Fact>
        <Fact name={facts.tokens}>{formatNumber(document.tokens)}</Fact>
        <Fact name={facts.language}>{languageName(language) ?? text.library.unknown}</Fact>
        <Fact name={facts.added}>{formatDateTime(document.createdAt)}</Fact>
        <Fact name={facts.changed}>{formatDateTime(document.updatedAt)}</Fact>
        <Fact name={facts.ready}>{readyAt === null ? text.library.notYet : formatDateTime(readyAt)}</Fact>
        <Fact name={facts.sha256}>
          <span className="flex items-start gap-2">
            <code className="min-w-0 font-mono text-xs leading-5 break-all">{sha256}</code>
            <CopyButton value={sha256} />
          </span>
        </Fact>
      </dl>
    </section>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div className="grid gap-x-4 gap-y-0.5 py-2.5 sm:grid-cols-[9rem_minmax(0,1fr)]">
    <dt className="text-muted">{name}</dt>
    <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
  </div>
);

function languageName(code: string | null): string | undefined {
  if (code === null) return undefined;
  try {
    return new Intl.DisplayNames(undefined, { type: 'language' }).of(code);
  } catch {
    // what is no language tag is shown as it is
    return code;
  }
}

function CopyButton({ value }: { value: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <IconButton
      small
      label={copied ? text.library.copied : text.library.copyHash}
      icon={copied ? <Check className="size-3.5" /> : <Copy className="size-3.5" />}
      className="-my-1"
      onClick={() => {
        navigator.clipboard.writeText(value).then(
          () => setCopied(true),
          (error: unknown) => toastError(error),
        );
      }}
    />
  );
}
