import type { ChatChunk, ChatCompletion, CompletionUsage, UrlCitation } from '../../../contract/openai.ts';
import type { Answer, AnswerEvent, Citation } from '../../../contract/query.ts';
import { citationList, placeCitations, withoutImages } from '../citation-list.ts';
import type { DocumentLink } from '../document-link.ts';

/** A whole answer as a completion of `model`. */
export function completionOf(answer: Answer, model: string, link: DocumentLink): ChatCompletion {
  const text = withoutImages(answer.answer);
  return {
    ...headOf(answer.id, model),
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text + citationList(answer.citations, link),
          refusal: null,
          annotations: annotationsOf(text, answer.citations, link),
        },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: usageOf(answer),
    knowledge: knowledgeOf(answer),
  };
}

/**
 * The pieces of a streamed completion: the role, the text as it comes, the list of sources, the annotations, the
 * end, and with `includeUsage` the usage.
 *
 * @param id names the completion; the answer's own id is known at its end only.
 */
export async function* chunksOf(
  events: AsyncIterable<AnswerEvent>,
  { id, model, link, includeUsage }: { id: string; model: string; link: DocumentLink; includeUsage: boolean },
): AsyncGenerator<ChatChunk> {
  const base = {
    ...headOf(id, model),
    object: 'chat.completion.chunk',
    ...(includeUsage ? { usage: null } : {}),
  } as const;
  const piece = (
    delta: ChatChunk['choices'][0]['delta'],
    finish_reason: 'stop' | null = null,
  ): ChatChunk => ({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  yield piece({ role: 'assistant', content: '' });
  let text = '';
  // an image may begin at the end of one piece and go on in the next
  let held = '';
  for await (const event of events) {
    switch (event.type) {
      case 'token': {
        const come = held + event.text;
        held = come.endsWith('!') ? '!' : '';
        const content = withoutImages(come.slice(0, come.length - held.length));
        text += content;
        if (content !== '') yield piece({ content });
        break;
      }
      case 'done': {
        const said = text + held;
        const isRejected = event.answer.fallback === 'unsupported' && said !== '';
        const answer = isRejected ? countedOn(event.answer, said) : event.answer;
        const correction = isRejected ? REJECTED + withoutImages(answer.answer) : '';
        const rest = held + correction + citationList(answer.citations, link);
        if (rest !== '') yield piece({ content: rest });
        const annotations = annotationsOf(said + correction, answer.citations, link);
        if (annotations.length > 0) yield piece({ annotations });
        yield { ...piece({}, 'stop'), knowledge: knowledgeOf(answer) };
        if (includeUsage) yield { ...base, choices: [], usage: usageOf(answer) };
        break;
      }
      case 'sources':
      case 'citation':
        break;
      default:
        event satisfies never;
    }
  }
}

/** What was streamed cannot be taken back, so the answer that takes its place follows it. */
const REJECTED = '\n\n**Your documents do not bear out what is written above.** In their own words:\n\n';

/** The answer with its markers counted on from those in `said`: none of those comes to stand for its citations. */
function countedOn(answer: Answer, said: string): Answer {
  const used = Math.max(0, ...[...said.matchAll(MARKER)].map(([, n]) => Number(n)));
  const own = new Set(answer.citations.map(({ marker }) => marker));
  return {
    ...answer,
    answer: answer.answer.replaceAll(MARKER, (marker, n: string) =>
      own.has(Number(n)) ? `[${Number(n) + used}]` : marker,
    ),
    citations: answer.citations.map((citation) => ({ ...citation, marker: citation.marker + used })),
  };
}
const MARKER = /\[(\d{1,6})\]/g;

const headOf = (id: string, model: string) => ({
  id: `chatcmpl-${id}`,
  created: Math.floor(Date.now() / 1000),
  model,
});

const annotationsOf = (text: string, citations: readonly Citation[], link: DocumentLink): UrlCitation[] =>
  placeCitations(text, citations).map(({ start, end, citation }) => ({
    type: 'url_citation',
    url_citation: { start_index: start, end_index: end, title: citation.title, url: link(citation) },
  }));

const usageOf = ({ usage: { promptTokens, completionTokens } }: Answer): CompletionUsage => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});

const knowledgeOf = (answer: Answer): ChatCompletion['knowledge'] => {
  const { answered, cached, citations, degraded, fallback, standaloneQuestion } = answer;
  return {
    answered,
    cached,
    citations,
    ...(degraded === undefined ? {} : { degraded }),
    ...(fallback === undefined ? {} : { fallback }),
    ...(standaloneQuestion === undefined ? {} : { standaloneQuestion }),
  };
};
