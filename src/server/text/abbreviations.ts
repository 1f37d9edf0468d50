/**
 * Words whose full stop does not end a sentence, lower case, without the stop. Titles, references and
 * units first; then what stands inside a sentence in other languages.
 */
const INNER = new Set(
  `mr mrs ms mx dr prof st rev hon gen col sgt capt lt cmdr maj gov sen rep pres messrs mme mlle
   fig figs eq eqs sec secs ch chap vol vols no nos nr pp pg par para art ed eds ref refs tab tbl app ver
   vs v cf viz approx ca resp incl excl est dept min max e.g i.e eg ie al aka a.k.a
   hr fr dipl ing abs bzw evtl ggf inkl zzgl vgl z.b d.h u.a s.o str bspw sog allg
   sr sra srta dra ud uds págs pág núm tel av avda ej p.ej
   av bd env max p.ex ste
   sig sigg dott pag pagg art ecc
   г гг им т.е т.д т.п т.к ул д стр рис табл см др проф акад тыс млн млрд руб напр обл
   bl mw dhr mevr bijv o.a t.a.v`.split(/\s+/u),
);

/** These may end a sentence too: only what follows tells. */
const EITHER = new Set(
  'etc inc ltd co corp jr sr bros a.m p.m am pm u.s u.k u.n e.u d.c ph.d b.a m.a b.c a.d usw ee.uu'.split(
    ' ',
  ),
);

/** Words that begin sentences far more often than they follow an abbreviation. */
const STARTERS =
  /^(?:the|this|that|these|those|it|its|he|she|they|we|you|i|a|an|in|on|at|by|for|from|with|as|if|when|while|after|before|since|however|but|and|so|then|there|although|because|many|some|most|all|both|each|to|die|der|das|ein|eine|es|er|sie|wir|le|la|les|il|elle|un|une|el|los|las)$/iu;

/**
 * Whether `after` continues the sentence `before`: its full stop belongs to an abbreviation, an initial or an
 * ordinal, or its mark to something said within the sentence.
 */
export function continuesSentence(before: string, after: string): boolean {
  // '"No!" he said', "Yahoo! is"
  if (/[!?…]["'”’»)]*\s+$/u.test(before) && /^\p{Ll}/u.test(after)) return true;
  const last = /([\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}.'’-]*)\.[\s]*$/u.exec(before)?.[1];
  if (last === undefined) return false;
  const next = /[\p{L}\p{M}\p{N}]+/u.exec(after)?.[0] ?? '';
  if (next === '') return false;
  const word = last.toLowerCase();
  if (INNER.has(word)) return !(word === 'no' && !/^\d/u.test(next));
  if (EITHER.has(word))
    return /^\p{Ll}/u.test(next) || (/^\p{Lu}/u.test(next) && !STARTERS.test(next) && word.includes('.'));
  // "z. B.", "т. е."
  if (/^\p{L}$/u.test(last) && /^\p{L}\./u.test(after)) return true;
  // an initial: "J. Smith", "J. R. R. Tolkien"; not "vitamin C. The" nor a list's "B."
  if (/^\p{Lu}(?:\.\p{Lu})*$/u.test(last) && /^\p{Lu}/u.test(next))
    return !STARTERS.test(next) || next.length === 1;
  // "am 3. Oktober", "1. FC": an ordinal after a lower-case word, before a name
  return /(?:^|\s)(?:am|vom|der|dem|den|zum|bis|im|seit|des|die|das|ab|den|d)\s+\d{1,2}\.\s*$/u.test(before);
}
