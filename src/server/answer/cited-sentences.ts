import type { Kysely } from 'kysely';
import type { AnswerEvent, Citation } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import { continuesSentence } from '../text/abbreviations.ts';
import { citeSpan } from './cite.ts';
import type { OutgoingPiece } from './outgoing-text.ts';
import { looksLikeRefusal } from './refusal.ts';
import type { Finding, Verifier } from './verify.ts';

/** A generated answer on its way: its text and what was found about its sentences so far. */
export interface CitedSentences {
  readonly text: string;
  readonly citations: readonly Citation[];
  /** Sentences that state something, and those of them that a passage bears out. */
  readonly claims: number;
  readonly supported: number;
  /** Sentences that say that the passages do not. */
  readonly refusals: number;
  /** False once a sentence was in another language than the passages. */
  readonly comparable: boolean;
  write(pieces: readonly OutgoingPiece[], signal: AbortSignal): AsyncGenerator<AnswerEvent>;
  end(signal: AbortSignal): AsyncGenerator<AnswerEvent>;
}

/**
 * Passes text on, gives each marker a number of its own in order, and verifies each sentence as soon as the next
 * one begins. A sentence without a marker gets that of the passage which bears it out, right behind its end.
 */
export function createCitedSentences(db: Kysely<Database>, verifier: Verifier): CitedSentences {
  const whole = { text: '', claims: 0, supported: 0, refusals: 0, comparable: true };
  const citations: Citation[] = [];
  let lastMarker = 0;
  /** The sentence under way, without its markers, and the white space behind it that is not passed on yet. */
  let sentence = '';
  let space = '';
  let markers: { readonly marker: number; readonly passage: number }[] = [];
  let outgoing = '';

  const say = (text: string) => {
    outgoing += text;
    whole.text += text;
  };
  function* flush(): Generator<AnswerEvent> {
    if (outgoing !== '') yield { type: 'token', text: outgoing };
    outgoing = '';
  }

  function ends(next: string): boolean {
    if (!/\p{L}/u.test(sentence)) return false;
    if (space.includes('\n') || /[。！？][”’」』）]*$/u.test(sentence)) return true;
    return space !== '' && STOP.test(sentence) && !continuesSentence(`${sentence} `, next);
  }

  async function* close(signal: AbortSignal): AsyncGenerator<AnswerEvent> {
    const text = sentence.trim();
    const cited = markers;
    sentence = '';
    markers = [];
    if (!/\p{L}|\p{N}/u.test(text)) return;
    if (looksLikeRefusal(text) && cited.length === 0) {
      whole.refusals++;
      return;
    }
    // what was said is seen before it is verified
    yield* flush();
    const verdict = await verifier.verify({ text, passages: cited.map(({ passage }) => passage) }, signal);
    if (verdict === undefined) return;
    whole.claims++;
    if (!verdict.comparable) whole.comparable = false;
    let findings = verdict.findings;
    if (cited.length > 0 && !findings.some(({ supported }) => supported)) {
      const elsewhere = (await verifier.verify({ text, passages: [] }, signal))?.findings[0];
      if (elsewhere?.supported === true) findings = [elsewhere, ...findings];
    }
    const best = findings[0];
    if (best?.supported === true) whole.supported++;
    if (cited.length === 0) {
      if (best?.supported !== true) return;
      const citation = await cite(lastMarker + 1, best);
      if (citation === undefined) return;
      say(` [${++lastMarker}]`);
      yield* flush();
      yield { type: 'citation', citation };
      return;
    }
    const repointed = best?.supported === true && !cited.some(({ passage }) => passage === best.passage);
    for (const [i, { marker, passage }] of cited.entries()) {
      const finding = i === 0 && repointed ? best : findings.find((each) => each.passage === passage);
      const citation = finding && (await cite(marker, finding));
      if (citation !== undefined) yield { type: 'citation', citation };
    }
  }

  async function cite(marker: number, { chunk, span, supported }: Finding): Promise<Citation | undefined> {
    const citation = await citeSpan(db, marker, chunk, span, supported);
    if (citation !== undefined) citations.push(citation);
    return citation;
  }

  return {
    get text() {
      return whole.text;
    },
    get claims() {
      return whole.claims;
    },
    get supported() {
      return whole.supported;
    },
    get refusals() {
      return whole.refusals;
    },
    get comparable() {
      return whole.comparable;
    },
    citations,

    async *write(pieces, signal) {
      for (const piece of pieces) {
        if (piece.kind === 'passages') {
          const fresh = piece.numbers.filter((n) => !markers.some(({ passage }) => passage === n));
          if (fresh.length === 0 || sentence === '') continue;
          say(space.includes('\n') ? ' ' : space);
          space = '';
          for (const passage of fresh) {
            markers.push({ marker: ++lastMarker, passage });
            say(`[${lastMarker}]`);
          }
          continue;
        }
        for (const { 0: part, index } of piece.text.matchAll(PARTS)) {
          if (/^\s/u.test(part)) {
            space += part;
            continue;
          }
          if (ends(piece.text.slice(index, index + 40))) yield* close(signal);
          say(space + part);
          sentence += (sentence === '' ? '' : space) + part;
          space = '';
        }
      }
      yield* flush();
    },

    async *end(signal) {
      yield* close(signal);
      yield* flush();
    },
  };
}

/** White space, or what lies between; Chinese and Japanese sentences end without one. */
const PARTS = /\s+|[^\s。！？]*[。！？]+[”’」』）]*|[^\s。！？]+/gu;
const STOP = /[.!?…][*_"'”’»)\]]*$/u;
