import { createHash } from 'node:crypto';
import { ANSWER_PASSAGES } from '../answer/constants.ts';
import { weighSentences } from '../answer/evidence.ts';
import { gateFeatures } from '../answer/gate.ts';
import type { LanguageGroup } from '../answer/language-group.ts';
import { retrieve } from '../answer/retrieve.ts';
import type { ScopeDocument, SearchScope } from '../ports/search-scope.ts';
import { resolveScope } from '../records/scope.ts';
import { holdsAnswer } from './answer-metrics.ts';
import type { EvalSet, LabelledQuestion } from './beir.ts';
import type { EvaluationHouse } from './evaluation-house.ts';

/**
 * How a question meets documents:
 * - `whole`, `alone`: its answer stands among all documents of the set, or among one, three or ten
 * - `absent`, `foreign`: it does not, among as few, or among all documents of another set
 * - `adversarial`: it was written to look answerable by a passage that does not answer it
 */
export type SampleKind = 'whole' | 'alone' | 'absent' | 'foreign' | 'adversarial';

export interface GateSample {
  readonly id: string;
  readonly set: string;
  readonly kind: SampleKind;
  readonly group: LanguageGroup;
  readonly features: readonly number[];
}

/** In [0, 1), the same for the same text. */
export const shuffled = (text: string): number =>
  createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;

const SMALL_SIZES = [1, 3, 10];

interface Document extends ScopeDocument {
  readonly name: string;
  readonly language: string;
}

/**
 * The gate's features of a set's questions and of questions from elsewhere.
 * @param questions of the set, and as many as shall be asked.
 * @param foreign questions of other sets; those that turn out to have an answer here are left out.
 */
export async function* gateSamples(
  house: EvaluationHouse,
  set: EvalSet,
  questions: readonly LabelledQuestion[],
  foreign: readonly LabelledQuestion[],
): AsyncGenerator<GateSample> {
  const whole = await resolveScope(house.db, house.corpus.userId);
  const documents = await readDocuments(house);
  const byName = new Map(documents.map((document) => [document.name, document]));
  const sample = async (question: LabelledQuestion, kind: SampleKind, among?: readonly Document[]) => {
    const asked = among ?? documents;
    const languages = [...new Set(asked.map(({ language }) => language))];
    const scope = among === undefined ? whole : narrowed(whole, among);
    return measure(house, question, { set: set.name, kind, scope, languages });
  };

  for (const question of questions) {
    if (question.unanswerable) {
      yield* await sample(question, 'adversarial');
      continue;
    }
    yield* await sample(question, 'whole');
    const [name, ...more] = question.documentIds;
    const gold = name === undefined || more.length > 0 ? undefined : byName.get(name);
    if (gold === undefined) continue;
    const others = documents
      .filter(
        ({ name: other, language }) =>
          language === gold.language && articleOf(other) !== articleOf(gold.name),
      )
      .sort((a, b) => shuffled(question.id + a.name) - shuffled(question.id + b.name));
    const size = SMALL_SIZES[Math.floor(shuffled(`size ${question.id}`) * SMALL_SIZES.length)] as number;
    yield* await sample(question, 'alone', [gold, ...others.slice(0, size - 1)]);
    if (others.length > 0) yield* await sample(question, 'absent', others.slice(0, size));
  }
  for (const question of foreign) if (!question.unanswerable) yield* await sample(question, 'foreign');
}

/** Passages of one article are named `article-number`. */
const articleOf = (name: string): string => name.replace(/-\d+$/, '');

async function readDocuments({ db, corpus }: EvaluationHouse): Promise<Document[]> {
  const rows = await db
    .selectFrom('documents')
    .select(['id', 'first_ordinal', 'chunk_count', 'language'])
    .where('collection_id', '=', corpus.collectionId)
    .execute();
  return rows.map(({ id, first_ordinal, chunk_count, language }) => ({
    id,
    firstOrdinal: first_ordinal,
    chunkCount: chunk_count,
    name: corpus.nameOf.get(id) as string,
    language: language ?? 'und',
  }));
}

const narrowed = ({ collections }: SearchScope, among: readonly Document[]): SearchScope => ({
  collections: collections.map(({ no, generation }) => ({
    no,
    generation,
    documents: among.toSorted((a, b) => a.firstOrdinal - b.firstOrdinal),
  })),
});

async function measure(
  house: EvaluationHouse,
  question: LabelledQuestion,
  { set, kind, scope, languages }: { set: string; kind: SampleKind; scope: SearchScope; languages: string[] },
): Promise<GateSample[]> {
  const { signal } = new AbortController();
  const retrieved = await retrieve(
    house,
    { query: question.question, limit: 10, mode: 'hybrid', scope, languages },
    signal,
  );
  const embed = (texts: readonly string[]) => house.embedder.embed(texts, 'query');
  const evidence = await weighSentences(retrieved, ANSWER_PASSAGES, embed, signal);
  // sets share topics: a foreign question may have its answer here after all
  const { answers } = question;
  if (kind === 'foreign' && retrieved.passages.some(({ text }) => holdsAnswer(text, answers))) return [];
  // what finds nothing is refused without the gate
  if (evidence.sentences.length === 0) return [];
  return [{ id: question.id, set, kind, group: evidence.group, features: gateFeatures(evidence) }];
}
