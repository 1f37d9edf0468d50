import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { ArrowLeft, CircleAlert, Download, FileQuestion, Hourglass, RotateCw } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Document } from '../../../contract/documents.ts';
import { ProblemError } from '../../client/problem.ts';
import { collectionsQuery } from '../../data/collections.ts';
import { documentInLists } from '../../data/document-cache.ts';
import { documentQuery } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { usePageTitle } from '../../ui/page.tsx';
import { Progress } from '../../ui/progress.tsx';
import { EmptyState, ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { reindexOne } from './change-documents.ts';
import { CitedTab } from './cited-tab.tsx';
import { DetailsTab } from './details-tab.tsx';
import { deleteWithUndo, useDeleted } from './document-deletes.ts';
import { DocumentDialogs, type OpenDialog } from './document-dialogs.tsx';
import { DocumentHeader } from './document-header.tsx';
import { stageOf } from './document-status.tsx';
import { panelOf, type Tab, Tabs, tabOf } from './document-tabs.tsx';
import { downloadOriginal } from './download-original.ts';
import { PassagesTab } from './passages-tab.tsx';

const DocumentViewer = lazy(() =>
  import('../../viewer/document-viewer.tsx').then((room) => ({ default: room.DocumentViewer })),
);
const route = getRouteApi('/app/library/$documentId');

export function DocumentPage() {
  const { documentId } = route.useParams();
  const queries = useQueryClient();
  const {
    data: document,
    error,
    refetch,
  } = useQuery({
    ...documentQuery(documentId),
    placeholderData: () => documentInLists(queries, documentId),
  });
  const deleted = useDeleted();
  usePageTitle(document?.title ?? text.library.title);
  const gone =
    deleted.has(documentId) ||
    (error instanceof ProblemError && (error.status === 404 || error.status === 400));
  if (gone) return <Gone />;
  if (document !== undefined) return <Loaded document={document} />;
  if (error !== null) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Loading>
      <div className="flex flex-col gap-4 p-4 sm:p-6">
        <Skeleton className="h-8 w-2/5" />
        <Skeleton className="h-4 w-3/5" />
        <Skeleton className="h-96" />
      </div>
    </Loading>
  );
}

const Gone = () => (
  <>
    <h1 className="sr-only">{text.library.title}</h1>
    <EmptyState
      icon={<FileQuestion className="size-6" />}
      title={text.library.goneTitle}
      actions={
        <Link to="/library" className={buttonClass('primary')}>
          <ArrowLeft aria-hidden className="size-4" />
          {text.library.back}
        </Link>
      }
    >
      {text.library.goneText}
    </EmptyState>
  </>
);

function Loaded({ document }: { document: Document }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const router = useRouter();
  const { data: collections } = useQuery(collectionsQuery());
  const collection = collections?.find(({ id }) => id === document.collectionId);
  const canEdit = collection !== undefined && collection.role !== 'viewer';
  const [dialog, setDialog] = useState<OpenDialog>();
  const tab = tabOf(search.tab);
  const show = (next: Tab) =>
    void navigate({
      search: ({ tab: _, ...before }) => (next === 'document' ? before : { ...before, tab: next }),
    });
  const { page, start, end } = search;
  const span =
    page === undefined || start === undefined || end === undefined ? undefined : { page, start, end };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <DocumentHeader
        document={document}
        collection={collection}
        canEdit={canEdit}
        actions={{
          onAsk: ({ id }) => void router.navigate({ to: '/chat', search: { documentId: id } }),
          onDialog: (kind, each) => setDialog({ kind, document: each }),
          onDelete: (each) => {
            deleteWithUndo([each]);
            void router.navigate({ to: '/library' });
          },
        }}
      />
      <State document={document} canEdit={canEdit} />
      <Tabs tab={tab} onTab={show} />
      <div {...panelOf(tab)} className="flex min-h-0 flex-1 flex-col">
        {tab === 'document' ? (
          document.pages === 0 && document.status !== 'ready' ? (
            <NoText document={document} />
          ) : (
            <Suspense
              fallback={
                <Loading>
                  <Skeleton className="m-6 h-96" />
                </Loading>
              }
            >
              <DocumentViewer document={document} page={page} span={span} />
            </Suspense>
          )
        ) : tab === 'passages' ? (
          <PassagesTab document={document} />
        ) : tab === 'cited' ? (
          <CitedTab document={document} />
        ) : (
          <DetailsTab
            document={document}
            collection={collection}
            onTags={canEdit ? () => setDialog({ kind: 'tags', document }) : undefined}
          />
        )}
      </div>
      <DocumentDialogs open={dialog} onClose={() => setDialog(undefined)} />
    </div>
  );
}

function NoText({ document }: { document: Document }) {
  if (document.status !== 'failed')
    return (
      <EmptyState icon={<Hourglass className="size-6" />} title={text.library.beingReadTitle}>
        {text.library.beingRead}
      </EmptyState>
    );
  return (
    <EmptyState
      icon={<FileQuestion className="size-6" />}
      title={text.library.noTextTitle}
      actions={
        <Button icon={<Download className="size-4" />} onClick={() => void downloadOriginal(document)}>
          {text.library.download}
        </Button>
      }
    >
      {text.library.noText}
    </EmptyState>
  );
}

/** What is going on with the document, or why it failed. Nothing once it is ready. */
function State({ document, canEdit }: { document: Document; canEdit: boolean }) {
  const { status, progress, error, title } = document;
  if (progress !== undefined || (status !== 'ready' && status !== 'failed'))
    return (
      <div
        role="status"
        className="flex items-center gap-4 border-b border-line bg-accent-soft px-4 py-2.5 text-sm text-accent-text sm:px-6"
      >
        <span className="shrink-0 tabular-nums">{stageOf(document)}</span>
        <Progress
          label={text.library.progressOf(title)}
          percent={progress?.percent}
          className="max-w-sm flex-1"
        />
      </div>
    );
  if (status !== 'failed') return null;
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-bad-soft px-4 py-3 text-sm sm:px-6"
    >
      <CircleAlert aria-hidden className="size-5 shrink-0 text-bad" />
      <div className="min-w-0 flex-1 basis-60">
        <p className="font-medium text-bad">{error?.title ?? text.library.failedNoReason}</p>
        {error === undefined ? null : <p className="break-words text-ink">{error.detail}</p>}
      </div>
      {canEdit ? (
        <Button size="sm" icon={<RotateCw className="size-3.5" />} onClick={() => void reindexOne(document)}>
          {text.library.retry}
        </Button>
      ) : null}
    </div>
  );
}
