import { type Dependence, dependenceOf, resolveByRules } from '../src/server/answer/follow-up.ts';
import { namesIn } from '../src/server/answer/question-names.ts';
import { type LabelledQuestion, loadEvalSet } from '../src/server/eval/beir.ts';
import { detectLanguage } from '../src/server/text/language.ts';

/**
 * How questions of labelled sets, each of which stands alone, fare behind another one of their set, and how the same
 * fare as follow-ups, their name replaced by a pronoun: `node scripts/follow-up-score.ts SET…`, sets with `qa.jsonl`.
 */
const PRONOUN: Readonly<Record<string, string>> = {
  en: 'it',
  de: 'es',
  es: 'lo',
  fr: 'il',
  it: 'esso',
  ru: 'он',
};
const KINDS: readonly Dependence[] = ['standalone', 'unsure', 'dependent'];

for (const dir of process.argv.slice(2)) {
  const { name, questions } = loadEvalSet(dir);
  for (const [language, own] of Map.groupBy(questions, ({ question }) => detectLanguage(question))) {
    if (own.length < 20) continue;
    const followUps = own.flatMap(asFollowUp);
    console.log(
      `${name} ${language}: ${own.length} questions that stand alone: ${shares(own.map(({ question }) => question))}; ` +
        `${followUps.length} follow-ups: ${shares(followUps.map(({ question }) => question))}, name found again in ${percent(
          followUps.filter(({ question, named, before }) =>
            resolveByRules(question, [before])?.includes(named),
          ).length / followUps.length,
        )}`,
    );
  }
}

/** The question before it names what the pronoun means. */
function asFollowUp({ question }: LabelledQuestion): { question: string; named: string; before: string }[] {
  const names = namesIn(question).filter((name) => /\p{L}/u.test(name));
  const pronoun = PRONOUN[detectLanguage(question)];
  const [named] = names;
  if (names.length !== 1 || named === undefined || pronoun === undefined) return [];
  return [{ question: question.replace(named, pronoun), named, before: `What is known of ${named}?` }];
}

function shares(questions: readonly string[]): string {
  const found = questions.map(dependenceOf);
  return KINDS.map(
    (kind) => `${kind} ${percent(found.filter((each) => each === kind).length / found.length)}`,
  ).join(', ');
}

function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`;
}
