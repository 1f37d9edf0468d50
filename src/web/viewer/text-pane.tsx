import { useCallback, useRef } from 'react';
import type { PageKind } from '../text/en/viewer.ts';
import * as text from '../text/text.ts';
import { PageList, type PageListHandle, type Target } from './page-list.tsx';
import { TextPage } from './text-page.tsx';

/** Of a page of prose; the real height is measured. */
const USUAL_HEIGHT = 900;

interface TextPaneProps {
  readonly document: { readonly id: string; readonly title: string; readonly pages: number };
  readonly kind: PageKind;
  readonly target: Target;
  readonly onPage: (page: number) => void;
}

/** The text that was read from a document, page by page. */
export function TextPane({ document, kind, target, onPage }: TextPaneProps) {
  const list = useRef<PageListHandle>(null);
  const onMark = useCallback((mark: Element) => {
    list.current?.center(mark);
    // what is above gets its real height only when it is laid out
    requestAnimationFrame(() => mark.isConnected && list.current?.center(mark));
  }, []);
  return (
    <PageList
      ref={list}
      label={text.viewer.textOf(document.title)}
      pages={document.pages}
      target={target}
      heightOf={() => USUAL_HEIGHT}
      scale={1}
      onPage={onPage}
    >
      {(page) => (
        <div className="px-3 sm:px-6">
          <TextPage
            documentId={document.id}
            page={page}
            kind={kind}
            span={page === target.page ? target.span : undefined}
            onMark={onMark}
          />
        </div>
      )}
    </PageList>
  );
}
