import { setImmediate as nextTurn } from 'node:timers/promises';
import { UpstreamError } from '../errors.ts';
import type { FoundChunk } from '../records/hits.ts';
import { detectLanguage } from '../text/language.ts';
import type { Span } from '../text/sentences.ts';
import {
  joinReadings,
  type Reading,
  readText,
  type Support,
  type Surroundings,
  supportOf,
  supportProbability,
} from './claim-support.ts';
import { VERIFIED_SPANS, VERIFIER } from './constants.ts';
import { directiveSpans } from './directives.ts';
import type { EmbedSentences } from './evidence.ts';
import { statementSpans } from './statement-spans.ts';

/** One sentence of an answer. */
export interface Claim {
  /** Without markers. */
  readonly text: string;
  /** Passages that it cites; empty: any may bear it out. */
  readonly passages: readonly number[];
}

/** What a passage says to a claim. */
export interface Finding {
  readonly passage: number;
  readonly chunk: FoundChunk;
  /** Within the chunk's text: one sentence, or two that follow each other. */
  readonly span: Span;
  readonly support: Support;
  /** In (0, 1). */
  readonly probability: number;
  readonly supported: boolean;
}

export interface Verdict {
  /** Best first; a cited passage that holds a sentence is always among them. */
  readonly findings: readonly Finding[];
  /** False: claim and passages are in different languages, and only numbers and names were compared. */
  readonly comparable: boolean;
}

export interface Verifier {
  /**
   * Reads the passages ahead of the first sentence, one in each turn of the event loop. What is not read by then is
   * read when it is needed.
   */
  prepare(signal: AbortSignal): Promise<void>;
  /** @returns undefined for what states nothing: a heading, an introduction to a list. */
  verify(claim: Claim, signal: AbortSignal): Promise<Verdict | undefined>;
}

interface Place extends Reading {
  readonly passage: number;
  readonly chunk: FoundChunk;
  readonly span: Span;
  /** Both sentences of a place that holds two. */
  readonly parts: readonly [Reading, Reading] | undefined;
  readonly around: Surroundings;
}

/**
 * Compares the sentences of an answer with the passages that it was made from: words by rarity, numbers, names and
 * negation, and the vectors of the places that promise most. Asks no language model.
 *
 * @param passages the chunks behind each number.
 * @param question what a short answer ("27 days") leaves unsaid.
 */
export function createVerifier(
  passages: ReadonlyMap<number, readonly FoundChunk[]>,
  question: string,
  embed: EmbedSentences,
): Verifier {
  const places = new Map<number, Place[]>();
  const placesOf = (number: number): Place[] => {
    let known = places.get(number);
    if (known === undefined) {
      known = (passages.get(number) ?? []).flatMap((chunk) => readPlaces(number, chunk));
      places.set(number, known);
    }
    return known;
  };
  let rarity: ((term: string) => number) | undefined;
  const rarityOf = (): ((term: string) => number) => {
    rarity ??= termRarity([...passages.keys()].flatMap(placesOf));
    return rarity;
  };

  return {
    async prepare(signal) {
      for (const number of passages.keys()) {
        await nextTurn();
        if (signal.aborted) return;
        placesOf(number);
      }
      rarityOf();
    },

    async verify({ text, passages: cited }, signal) {
      const numbers = cited.length > 0 ? cited : [...passages.keys()];
      const language = detectLanguage(text, [
        ...new Set([...passages.values()].flat().map((c) => c.language)),
      ]);
      const found = numbers.flatMap(placesOf);
      if (found.length === 0) return { findings: [], comparable: true };
      const own = readText(text, language);
      if (own.terms.size === 0 || /[:：]\s*$/u.test(text)) return undefined;
      const full = own.terms.size < SHORT_CLAIM ? `${question} ${text}` : text;
      const readings = new Map<string, Reading>();
      const readingIn = (other: string): Reading => {
        const known = readings.get(other) ?? { ...readText(full, other), facts: readText(text, other).facts };
        readings.set(other, known);
        return known;
      };
      const weigh = (place: Place, cosine: number) =>
        supportOf(readingIn(place.chunk.language), place, place.around, cosine, rarityOf());
      const drafts = found
        .filter((place) => speaksOfBoth(readingIn(place.chunk.language), place))
        .map((place) => ({ place, support: weigh(place, 0) }))
        .sort((a, b) => likeness(b.support) - likeness(a.support) || a.place.span.start - b.place.span.start);
      const best = bestOfEach(drafts);
      const vectors = await embedIfPossible(
        [full, ...best.map(({ place }) => place.chunk.text.slice(place.span.start, place.span.end))],
        embed,
        signal,
      );
      const claimVector = vectors[0];
      const findings = best.map(({ place, support }, i): Finding => {
        const vector = vectors[i + 1];
        const withVector = claimVector !== undefined && vector !== undefined;
        const whole = withVector ? weigh(place, dot(claimVector, vector)) : support;
        const probability = supportProbability(whole, withVector);
        const { threshold } = withVector ? VERIFIER.vectors : VERIFIER.words;
        const same = sameLanguage(language, place.chunk.language);
        return {
          passage: place.passage,
          chunk: place.chunk,
          span: place.span,
          support: whole,
          probability,
          supported: same ? probability >= threshold : factsAgree(readingIn(place.chunk.language), whole),
        };
      });
      // the place that speaks of the same thing decides: where it says otherwise, one that says little does not help
      const most = Math.max(...findings.map(({ support }) => likeness(support)));
      const speaks = ({ support }: Finding) => likeness(support) >= most * NEARLY_AS_LIKE;
      const borneOut = findings.some((finding) => finding.supported && speaks(finding));
      return {
        findings: (borneOut ? findings : findings.map((each) => ({ ...each, supported: false }))).sort(
          (a, b) =>
            Number(b.supported) - Number(a.supported) ||
            Number(speaks(b)) - Number(speaks(a)) ||
            b.probability - a.probability,
        ),
        comparable: found.every(({ chunk }) => sameLanguage(language, chunk.language)),
      };
    },
  };
}

/** Shares of the claim and of its meaning, whatever its facts. */
const likeness = ({ coverage, cosine }: Support): number => coverage + cosine;
const NEARLY_AS_LIKE = 0.85;

/** Shorter ones are read together with the question that they answer. */
const SHORT_CLAIM = 4;

const sameLanguage = (a: string, b: string): boolean => a === b || a === 'und' || b === 'und';

/** Across languages: what is written alike in both is there. */
function factsAgree(claim: Reading, { numbersMissing, namesMissing }: Support): boolean {
  const names = claim.names.length * (1 - namesMissing);
  return numbersMissing === 0 && claim.facts.numbers.length + names >= 1;
}

/**
 * Two sentences bear out a claim together only when either holds a good part of it that the other lacks; otherwise
 * the second one would lend a name or a number to a claim about the first.
 */
function speaksOfBoth({ terms }: Reading, { parts }: Place): boolean {
  if (parts === undefined) return true;
  const [first, second] = parts;
  const only = (one: Reading, other: Reading) =>
    [...terms.keys()].filter((term) => one.terms.has(term) && !other.terms.has(term)).length;
  const least = Math.max(3, terms.size * JOINED_SHARE);
  return only(first, second) >= least && only(second, first) >= least;
}
const JOINED_SHARE = 0.25;

/** The places that promise most, and the best one of each passage that has none among them. */
function bestOfEach<T extends { readonly place: Place }>(drafts: readonly T[]): T[] {
  const best = drafts.slice(0, VERIFIED_SPANS);
  const seen = new Set(best.map(({ place }) => place.passage));
  for (const draft of drafts.slice(VERIFIED_SPANS)) {
    if (seen.has(draft.place.passage) || best.length >= 2 * VERIFIED_SPANS) continue;
    seen.add(draft.place.passage);
    best.push(draft);
  }
  return best;
}

function readPlaces(passage: number, chunk: FoundChunk): Place[] {
  const { text, title, headingPath, tableHeader, language } = chunk;
  const headings = [title, ...headingPath];
  const barred = directiveSpans(text);
  const statements = statementSpans(text, headings, tableHeader).filter(
    ({ start, end }) => !barred.some((span) => span.start < end && span.end > start),
  );
  const headingsReading = readText(`${headings.join('\n')}\n${tableHeader ?? ''}`, language);
  const columns = [...new Set(statements.map((statement) => statement.columns))].filter(
    (names) => names !== '',
  );
  const readings = statements.map(({ start, end }) => readText(text.slice(start, end), language));
  const surroundings = {
    passage: joinReadings([
      headingsReading,
      ...columns.map((names) => readText(names, language)),
      ...readings,
    ]),
    headings: headingsReading,
  };
  return statements.flatMap(({ start, end }, i): Place[] => {
    const [reading, before] = [readings[i] as Reading, readings[i - 1]];
    const span = { start, end };
    const own: Place = {
      ...reading,
      passage,
      chunk,
      span,
      parts: undefined,
      around: { ...surroundings, before },
    };
    const previous = statements[i - 1];
    if (before === undefined || previous === undefined) return [own];
    if (/\n\s*\n/.test(text.slice(previous.end, start))) return [own];
    const joined: Place = {
      ...joinReadings([before, reading]),
      passage,
      chunk,
      span: { start: previous.start, end },
      parts: [before, reading],
      around: { ...surroundings, before: readings[i - 2] },
    };
    return [own, joined];
  });
}

/** A term counts by how few places hold it; one that no place holds counts most. */
function termRarity(places: readonly Place[]): (term: string) => number {
  const singles = places.filter(({ parts }) => parts === undefined);
  const held = new Map<string, number>();
  for (const { terms } of singles) for (const term of terms.keys()) held.set(term, (held.get(term) ?? 0) + 1);
  return (term) => {
    const holding = held.get(term) ?? 0;
    return 0.5 + Math.log(1 + (singles.length - holding + 0.5) / (holding + 0.5));
  };
}

async function embedIfPossible(
  texts: readonly string[],
  embed: EmbedSentences,
  signal: AbortSignal,
): Promise<readonly Float32Array[]> {
  try {
    return await embed(texts, signal);
  } catch (error) {
    if (error instanceof UpstreamError) return [];
    throw error;
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
