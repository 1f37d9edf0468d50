import { randomBytes } from 'node:crypto';
import type { Answer, AnswerEvent, FallbackReason } from '../../contract/query.ts';
import { AppError, UpstreamError } from '../errors.ts';
import type { ModelUsage } from '../ports/language-model.ts';
import { newId } from '../records/ids.ts';
import { estimateTokens } from '../text/estimate-tokens.ts';
import { type AnswerPorts, EXTRACTIVE_MODEL, type Question } from './answer.ts';
import type { AnswerModel } from './answer-model.ts';
import { passageWords } from './barred-words.ts';
import { type CitedSentences, createCitedSentences } from './cited-sentences.ts';
import { ANSWER_TOKENS, PROMPT_PASSAGES, PROMPT_TOKENS } from './constants.ts';
import { NOT_FOUND } from './extract.ts';
import { extractAnswer } from './extract-answer.ts';
import { createOutgoingText } from './outgoing-text.ts';
import { buildPrompt } from './prompt.ts';
import { choosePassages } from './prompt-passages.ts';
import { isRefusal } from './refusal.ts';
import { asHit, degradedBy, type Retrieved } from './retrieve.ts';
import { retrieveAll } from './retrieve-question.ts';
import { createVerifier } from './verify.ts';

/**
 * A generated answer: the question's passages, a model's words as they come, each sentence compared with the passage
 * that it cites as soon as it ends. What the documents themselves say stands in for it, marked by `fallback`, when
 * the model is away before its first word, or says nothing that they bear out; then `done` replaces what was streamed.
 *
 * @throws BrokenOff when the model breaks off after its first word: what was streamed stays.
 */
export async function* generate(
  ports: AnswerPorts,
  model: AnswerModel,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const begun = performance.now();
  const most = Math.max(question.limit, PROMPT_PASSAGES);
  const retrieved = await retrieveAll(ports, question, most, signal);
  const sources = retrieved.passages
    .slice(0, question.limit)
    .map((passage) => asHit(passage, retrieved.analysed));
  yield { type: 'sources', sources };

  const generating = performance.now();
  let usage: ModelUsage = { promptTokens: 0, completionTokens: 0 };
  const done = (
    end: Pick<Answer, 'answer' | 'answered' | 'citations' | 'model' | 'fallback'>,
  ): AnswerEvent => {
    const ended = performance.now();
    return {
      type: 'done',
      answer: {
        id: newId(),
        ...end,
        sources,
        ...degradedBy(retrieved),
        cached: false,
        usage: { ...usage, costUsd: model.costUsd(usage) },
        timings: {
          ...retrieved.timings,
          rerankMs: 0,
          generateMs: ended - generating,
          totalMs: ended - begun,
        },
      },
    };
  };
  if (retrieved.passages.length === 0) {
    yield { type: 'token', text: NOT_FOUND };
    yield done({ answer: NOT_FOUND, answered: false, citations: [], model: model.name });
    return;
  }

  const { prompt, outgoing, verifier, sentences } = await prepare(ports, model, question, retrieved);
  let broken: unknown;
  try {
    // while the model thinks
    verifier.prepare(signal).catch(() => {});
    const request = { ...prompt, maxTokens: replyTokens(model), temperature: 0, ...forWhom(question) };
    for await (const event of model.generate(request, signal)) {
      if (event.type === 'text') yield* sentences.write(outgoing.push(event.text), signal);
      else usage = event.usage;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isAway(error)) throw error;
    broken = error;
  }
  if (broken !== undefined && sentences.text !== '') {
    throw new BrokenOff(broken);
  }
  yield* sentences.write(outgoing.end(), signal);
  yield* sentences.end(signal);

  const fallback = broken !== undefined ? 'unavailable' : whyNot(sentences);
  if (fallback === undefined) {
    yield done({ ...finished(sentences), model: model.name });
    return;
  }
  const extract = await extractAnswer(ports, retrieved, signal);
  if (sentences.text === '') yield* extract.events;
  yield done({
    answer: extract.text,
    answered: extract.answered,
    citations: [...extract.citations],
    model: EXTRACTIVE_MODEL,
    fallback,
  });
}

async function prepare(ports: AnswerPorts, model: AnswerModel, question: Question, retrieved: Retrieved) {
  const rules = estimateTokens(buildPrompt(question.query, [], '').system) + estimateTokens(question.query);
  const room = (model.contextTokens - replyTokens(model)) * SAFE_SHARE - 2 * rules;
  const passages = await choosePassages(
    ports.db,
    retrieved.passages.slice(0, PROMPT_PASSAGES),
    question.scope,
    Math.min(PROMPT_TOKENS, Math.max(0, room)),
  );
  const words = passageWords(passages, question.query);
  const chunks = new Map(passages.map((passage) => [passage.number, passage.chunks]));
  const verifier = createVerifier(chunks, question.query, ports.embedSentences);
  return {
    verifier,
    prompt: buildPrompt(question.query, passages, randomBytes(6).toString('hex')),
    outgoing: createOutgoingText({
      hasPassage: (number) => chunks.has(number),
      isKnownAddress: words.isKnownAddress,
      barred: words.barred,
    }),
    sentences: createCitedSentences(ports.db, verifier),
  };
}

const replyTokens = ({ maxReplyTokens }: AnswerModel): number => Math.min(ANSWER_TOKENS, maxReplyTokens);

const forWhom = ({ userId }: Question) => (userId === undefined ? {} : { userId });

/** Whoever has shown nothing of the answer yet can still take another in its place. */
export class BrokenOff extends AppError {
  constructor(cause: unknown) {
    super('UPSTREAM_UNAVAILABLE', 'The language model broke off in the middle of its answer: ask again.', {
      cause,
    });
  }
}

/** Of a model's context: its tokenizer counts differently from the estimate. */
const SAFE_SHARE = 0.8;

/** The model, not the question or the server, is at fault. */
const isAway = (error: unknown): boolean =>
  error instanceof UpstreamError ||
  (error instanceof AppError && (error.code === 'UPSTREAM_UNAVAILABLE' || error.code === 'OVERLOADED'));

/** Why what the model said is no answer; undefined when it is one, or an honest refusal. */
function whyNot(sentences: CitedSentences): FallbackReason | undefined {
  const { text, claims, supported, refusals, comparable } = sentences;
  if (text.trim() === '') return 'empty';
  if (supported > 0 || refusals > 0) return undefined;
  // in another language than the documents words cannot be compared: the marks tell the reader
  return claims > 0 && !comparable ? undefined : 'unsupported';
}

function finished(sentences: CitedSentences): Pick<Answer, 'answer' | 'answered' | 'citations'> {
  const { text, citations, claims, supported, refusals } = sentences;
  const withoutMarkers = (known: (marker: number) => boolean) =>
    text.replaceAll(/ ?\[(\d+)\]/gu, (marker, n: string) => (known(Number(n)) ? marker : '')).trim();
  if (isRefusal(text)) return { answer: NOT_FOUND, answered: false, citations: [] };
  if (supported === 0 && refusals > 0) {
    // its own words, unless it went on and said what nothing bears out
    const answer = claims === 0 ? withoutMarkers(() => false) : NOT_FOUND;
    return { answer, answered: false, citations: [] };
  }
  const cited = new Set(citations.map(({ marker }) => marker));
  return {
    answer: withoutMarkers((marker) => cited.has(marker)),
    answered: true,
    citations: [...citations].sort((a, b) => a.marker - b.marker),
  };
}
