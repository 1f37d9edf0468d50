import type { Answer, Citation } from '../contract/query.ts';
import { ask } from './api.ts';
import { element } from './element.ts';

/** The question, and under it the answers of this visit, newest first. */
export function askView(onCitation: (citation: Citation) => void): HTMLElement {
  const question = element('input', {
    id: 'question',
    type: 'text',
    minlength: '3',
    maxlength: '1000',
    required: true,
    autocomplete: 'off',
    placeholder: 'What do you want to know?',
    'aria-label': 'Question',
  });
  const button = element('button', { type: 'submit' }, 'Ask');
  const answers = element('div', { class: 'answers', 'aria-live': 'polite' });
  let running: AbortController | undefined;

  const submit = async (event: Event) => {
    event.preventDefault();
    if (running !== undefined) return running.abort();
    running = new AbortController();
    button.textContent = 'Stop';
    const text = element('p', { class: 'text' });
    const rest = element('div');
    const entry = element('article', { 'aria-busy': 'true' }, element('h3', {}, question.value), text, rest);
    answers.prepend(entry);
    try {
      for await (const part of ask(question.value, running.signal)) {
        if (part.type === 'token') text.append(part.text);
        else if (part.type === 'done') finish(part.answer, text, rest);
      }
      question.select();
    } catch (error) {
      const stopped = running.signal.aborted;
      rest.replaceChildren(
        element(
          'p',
          { class: 'fault', role: 'alert' },
          stopped ? 'Stopped.' : error instanceof Error ? error.message : String(error),
        ),
      );
    } finally {
      entry.removeAttribute('aria-busy');
      button.textContent = 'Ask';
      running = undefined;
    }
  };

  function finish(answer: Answer, text: HTMLElement, rest: HTMLElement): void {
    text.closest('article')?.classList.toggle('refused', !answer.answered);
    text.replaceChildren(...withMarkers(answer));
    if (answer.citations.length === 0) return;
    rest.replaceChildren(
      element(
        'ol',
        { class: 'citations' },
        ...answer.citations.map((citation) =>
          element(
            'li',
            { value: String(citation.marker) },
            element(
              'button',
              { class: 'citation', onclick: () => onCitation(citation) },
              element('strong', {}, citation.title),
              ` · page ${citation.page}${citation.supported ? '' : ' · not verified'}`,
              element('q', {}, citation.quote),
            ),
          ),
        ),
      ),
      element(
        'p',
        { class: 'hint' },
        `${answer.model} · ${Math.round(answer.timings.totalMs)} ms${answer.cached ? ' · from cache' : ''}`,
      ),
    );
  }

  function withMarkers(answer: Answer): Node[] {
    return answer.answer.split(/(\[\d+\])/).map((part) => {
      const citation = answer.citations.find(({ marker }) => part === `[${marker}]`);
      return citation === undefined
        ? document.createTextNode(part)
        : element(
            'button',
            { class: 'marker', title: citation.quote, onclick: () => onCitation(citation) },
            part,
          );
    });
  }

  return element(
    'section',
    { class: 'ask', 'aria-label': 'Ask' },
    element('form', { onsubmit: (event) => void submit(event) }, question, button),
    answers,
  );
}
