import { Link } from '@tanstack/react-router';
import { ArrowLeft, Ellipsis, MessageSquareText, Tag } from 'lucide-react';
import type { Collection } from '../../../contract/collections.ts';
import type { Document } from '../../../contract/documents.ts';
import { formatBytes, formatDate, formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';
import { pageKindOf } from '../../viewer/page-kind.ts';
import { type DocumentActions, documentEntries } from './document-entries.tsx';
import { TypeIcon, typeName } from './document-type.tsx';
import { EditableTitle } from './editable-title.tsx';

const SHOWN_TAGS = 4;

interface HeaderProps {
  readonly document: Document;
  readonly collection: Collection | undefined;
  readonly canEdit: boolean;
  readonly actions: DocumentActions;
}

/** Title, the facts that people look for, and what can be done. */
export function DocumentHeader({ document, collection, canEdit, actions }: HeaderProps) {
  const { mimeType, sizeBytes, pages, chunks, createdAt, tags } = document;
  const facts = [
    typeName(mimeType),
    formatBytes(sizeBytes),
    ...(pages > 0 ? [text.library.pages[pageKindOf(mimeType)](pages, formatNumber(pages))] : []),
    ...(chunks > 0 ? [text.library.passageCount(chunks, formatNumber(chunks))] : []),
  ];
  return (
    <header className="shrink-0 bg-surface px-2 pt-3 pb-2 sm:px-4">
      <div className="flex items-start gap-1 sm:gap-2">
        <Link
          to="/library"
          aria-label={text.library.back}
          className="grid size-9 shrink-0 place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"
        >
          <ArrowLeft aria-hidden className="size-4" />
        </Link>
        <TypeIcon mimeType={mimeType} className="mt-2 size-5 shrink-0 text-muted max-sm:hidden" />
        <div className="min-w-0 flex-1">
          <EditableTitle key={document.id} document={document} canEdit={canEdit} />
        </div>
        <div className="flex shrink-0 items-center gap-1">
          {document.status === 'ready' ? (
            <Button
              look="primary"
              aria-label={text.library.ask}
              icon={<MessageSquareText className="size-4" />}
              className="max-sm:px-3"
              onClick={() => actions.onAsk(document)}
            >
              {text.library.askShort}
            </Button>
          ) : null}
          <Menu
            trigger={<IconButton label={text.library.more} icon={<Ellipsis className="size-4" />} />}
            entries={documentEntries(document, canEdit, actions)}
          />
        </div>
      </div>
      <div className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1.5 pr-2 pl-10 text-xs text-muted sm:pl-[4.5rem]">
        <span className="tabular-nums">
          {facts.join(' · ')}
          <span className="max-sm:hidden"> · {text.library.addedOn(formatDate(createdAt))}</span>
        </span>
        {collection === undefined ? null : (
          <>
            <span aria-hidden className="max-sm:hidden">
              ·
            </span>
            <Link
              to="/library"
              search={{ collectionId: collection.id }}
              className="max-w-56 truncate text-accent-text hover:underline max-sm:hidden"
            >
              {collection.name}
            </Link>
          </>
        )}
        <span className="flex min-w-0 flex-wrap items-center gap-1 max-sm:hidden">
          {tags.slice(0, SHOWN_TAGS).map((tag) => (
            <Link key={tag} to="/library" search={{ tag }} className="max-w-40 rounded-full">
              <Badge className="max-w-full hover:bg-hover">
                <span className="truncate">{tag}</span>
              </Badge>
            </Link>
          ))}
          {tags.length > SHOWN_TAGS ? <Badge>{text.library.moreTags(tags.length - SHOWN_TAGS)}</Badge> : null}
          {canEdit ? (
            <IconButton
              small
              label={text.library.editTags}
              icon={<Tag className="size-3.5" />}
              onClick={() => actions.onDialog('tags', document)}
            />
          ) : null}
        </span>
      </div>
    </header>
  );
}
