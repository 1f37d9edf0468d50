import { pageText, readDocument } from './api.ts';
import { element } from './element.ts';

export interface Place {
  readonly documentId: string;
  readonly title: string;
  readonly page: number;
  /** Offsets into the page's text; absent: the page is shown with nothing marked. */
  readonly start?: number;
  readonly end?: number;
}

/** The page of a document with the cited passage marked. */
export function passageView(): { root: HTMLElement; open(place: Place): void } {
  const root = element('section', { class: 'passage', 'aria-label': 'Passage', tabindex: '-1' });
  const rest = () =>
    root.replaceChildren(
      element('p', { class: 'empty' }, 'Click a citation to see the passage in its document.'),
    );
  rest();

  async function show(place: Place): Promise<void> {
    root.setAttribute('aria-busy', 'true');
    try {
      const [text, { pages }] = await Promise.all([
        pageText(place.documentId, place.page),
        readDocument(place.documentId),
      ]);
      const { start = 0, end = 0 } = place;
      const mark = element('mark', {}, text.slice(start, end));
      root.replaceChildren(
        element(
          'div',
          { class: 'row' },
          element('h2', {}, place.title),
          element('button', { class: 'icon', 'aria-label': 'Close', onclick: rest }, '×'),
        ),
        element(
          'nav',
          { class: 'row', 'aria-label': 'Pages' },
          element(
            'button',
            {
              class: 'quiet',
              disabled: place.page <= 1,
              onclick: () => open({ ...bare(place), page: place.page - 1 }),
            },
            'Previous',
          ),
          element('span', {}, `Page ${place.page} of ${pages}`),
          element(
            'button',
            {
              class: 'quiet',
              disabled: place.page >= pages,
              onclick: () => open({ ...bare(place), page: place.page + 1 }),
            },
            'Next',
          ),
        ),
        element(
          'div',
          { class: 'text', tabindex: '0' },
          text.slice(0, start),
          end > start && mark,
          text.slice(end),
        ),
      );
      root.focus({ preventScroll: true });
      if (end > start) mark.scrollIntoView({ block: 'center' });
      else if (window.innerWidth < 900) root.scrollIntoView();
    } catch (error) {
      root.replaceChildren(
        element(
          'p',
          { class: 'fault', role: 'alert' },
          error instanceof Error ? error.message : String(error),
        ),
      );
    } finally {
      root.removeAttribute('aria-busy');
    }
  }

  const bare = ({ documentId, title, page }: Place): Place => ({ documentId, title, page });
  const open = (place: Place) => void show(place);
  return { root, open };
}
