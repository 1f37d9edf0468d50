/** What a model's text is made of once it may be shown. */
export type OutgoingPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** A marker: the passages that it points at, of those that there are. */
  | { readonly kind: 'passages'; readonly numbers: readonly number[] };

export interface OutgoingText {
  push(text: string): OutgoingPiece[];
  /** What was held back until it was clear what it is. */
  end(): OutgoingPiece[];
}

export interface OutgoingRules {
  hasPassage(number: number): boolean;
  /** Whether an address stands in the documents word for word: others may carry data away. */
  isKnownAddress(address: string): boolean;
  /** Words that only speak for somebody else's instructions; never shown. */
  readonly barred: readonly string[];
}

/**
 * Lets a model's text through as it comes and holds back only what may become a marker, a link, an image, an active
 * HTML tag or a barred word, until that is clear: images and such tags go, a link leaves its text, an address that no
 * document holds goes, and so does a marker that points nowhere. Escapes and character references are read as what a
 * renderer makes of them; `![`, `](` and `]:` are not let through together, so that nothing that was overlooked
 * becomes an image, a link or the definition of one.
 */
export function createOutgoingText(rules: OutgoingRules): OutgoingText {
  let held = '';
  /** The beginning of a character reference. */
  let unended = '';
  /** The word that was just said and may go on. */
  let before = '';

  function drain(final: boolean): OutgoingPiece[] {
    const pieces: OutgoingPiece[] = [];
    const say = (text: string) => {
      if (text === '') return;
      before = WORD_END.exec(before + text)?.[0] ?? '';
      const last = pieces.at(-1);
      if (last?.kind === 'text') pieces[pieces.length - 1] = { kind: 'text', text: last.text + text };
      else pieces.push({ kind: 'text', text });
    };
    while (held !== '') {
      const step = next(held, final, before, rules);
      if (step === 'wait') break;
      held = step.again + held.slice(step.taken);
      say(step.say);
      if (step.numbers !== undefined) {
        if (step.numbers.length > 0) pieces.push({ kind: 'passages', numbers: step.numbers });
        before = '';
      }
    }
    return pieces;
  }

  return {
    push(text) {
      const come = unended + text;
      unended = UNENDED.exec(come)?.[0] ?? '';
      held += decoded(come.slice(0, come.length - unended.length));
      return drain(false);
    },
    end() {
      held += unended;
      unended = '';
      return drain(true);
    },
  };
}

interface Step {
  /** Units used up, what is shown for them, and what is looked at again in their place. */
  readonly taken: number;
  readonly say: string;
  readonly again: string;
  readonly numbers?: readonly number[];
}
const step = (taken: number, say: string, again = ''): Step => ({ taken, say, again });

/** Nobody writes longer ones; what is longer is shown as it is. */
const LONGEST_LABEL = 400;
const LONGEST_TARGET = 4000;
const LONGEST_TAG = 2000;

const WORD_END = /[\p{L}\p{N}_-]{0,100}[\p{L}\p{N}_]$/u;
const MARKER =
  /^\s*\^?(?:(?:passages?|sources?)\s+)?\d{1,4}(?:\s*(?:[,;&–-]|and)\s*(?:(?:passages?|sources?)\s+)?\d{1,4})*\s*$/iu;
const ACTIVE_TAG =
  /^<\/?(?:a|img|image|picture|source|svg|script|style|link|iframe|frame|object|embed|video|audio|form|input|button|base|meta|passage-[0-9a-f]+)(?=[\s/>]|$)/iu;
const RUN = /^[^\s[\]()<>"“”'’`*,;!?【】［］]+/u;
const ADDRESS = /^[^\s<>"“”`)\]】]+/u;
/** How an address begins. */
const ADDRESSES = ['http:', 'https:', 'ftp:', 'file:', 'data:', 'javascript:', 'mailto:', 'www.', '//'];

function next(held: string, final: boolean, before: string, rules: OutgoingRules): Step | 'wait' {
  const first = held.charAt(0);
  if (OPENING.test(first)) return bracket(held, '', final, rules);
  if (first === '!') {
    if (held.length === 1 && !final) return 'wait';
    return OPENING.test(held.charAt(1)) ? bracket(held.slice(1), '!', final, rules) : step(1, '!');
  }
  if (first === ']') {
    if (held.length === 1 && !final) return 'wait';
    return step(1, /[(:]/.test(held.charAt(1)) ? '] ' : ']');
  }
  if (first === '<') return tag(held, final);
  if (first === '\\') return escaped(held, final);
  if (before !== '' && (first === '.' || first === '@')) return hostTail(held, final, before, rules);
  if (RUN.test(held)) return word(held, final, before !== '', rules);
  // the second code unit of a pair goes with the first
  const [character = first] = held;
  return step(character.length, character);
}

function word(held: string, final: boolean, inWord: boolean, rules: OutgoingRules): Step | 'wait' {
  const run = RUN.exec(held)?.[0] ?? '';
  const mayGoOn = run.length === held.length && !final && run.length < LONGEST_TARGET;
  const lower = run.toLowerCase().replaceAll('\\', '');
  if (ADDRESSES.some((start) => lower.includes(start))) return address(held, final, rules);
  if (mayGoOn && !inWord && ADDRESSES.some((start) => start.startsWith(lower))) return 'wait';
  const core = lower.replace(/^[._:-]+|[._:-]+$/gu, '');
  if (mayGoOn && rules.barred.some((barred) => barred.startsWith(core) || core.includes(barred)))
    return 'wait';
  const isBarred = rules.barred.some(
    (barred) => core === barred || (barred.length >= LONG_CODE && core.includes(barred)),
  );
  if (isBarred) return step(run.length, '');
  // what comes after a dot may make a host of the word before it, which may have been said already
  const dot = run.search(/(?<=[\p{L}\p{N}_])[.@]/u);
  return dot === -1 ? step(run.length, run) : step(dot, run.slice(0, dot));
}

/**
 * What follows a word that was said: clients make links of hosts and mail addresses without any scheme. Of an unknown
 * one, the part that could carry data goes, and a bare name's dots no longer join its parts.
 */
function hostTail(held: string, final: boolean, before: string, rules: OutgoingRules): Step | 'wait' {
  const run = ADDRESS.exec(held)?.[0] ?? '';
  if (run.length === held.length && !final && run.length < LONGEST_TARGET) return 'wait';
  const tail = run.replace(/[.,:;!?*]+$/u, '');
  if (!HOST_TAIL.test(tail)) return step(1, held.charAt(0));
  if (rules.isKnownAddress(before + tail) || FILE_NAME.test(tail)) return step(tail.length, tail);
  return step(tail.length, /[/?#@:]/.test(tail) ? '' : tail.replaceAll('.', '. '));
}
const HOST_TAIL =
  /^(?=[^/?#]*\.)[.@][\p{L}\p{N}._@+-]*(?<=\p{L}{2}|\.xn--[\p{L}\p{N}-]{1,59})(?::\d{1,5})?(?:[/?#]\S*)?$/u;

/** Endings that files have and no host has: none of them is a top-level domain. */
const FILE_NAME =
  /^\.(?:txt|pdf|docx?|xlsx?|pptx?|od[tps]|rtf|epub|eml|csv|tsv|jsonl?|ya?ml|toml|xml|html?|css|tsx?|jsx|log|ini|conf|sql|png|jpe?g|gif|svg|webp)$/iu;

/** Within a longer word a short one may stand by chance. */
const LONG_CODE = 6;

function address(held: string, final: boolean, rules: OutgoingRules): Step | 'wait' {
  const run = ADDRESS.exec(held)?.[0] ?? '';
  if (run.length === held.length && !final && run.length < LONGEST_TARGET) return 'wait';
  const whole = run.replace(/[.,:;!?*]+$/u, '');
  return step(whole.length, rules.isKnownAddress(whole) ? whole : '');
}

/** A marker, a link or an image; anything else in brackets is text. */
function bracket(held: string, before: '' | '!', final: boolean, rules: OutgoingRules): Step | 'wait' {
  const close = held.search(/[\]】］]/u);
  const open = () => step(before.length + 1, held.charAt(0));
  if (close === -1) return final || held.length > LONGEST_LABEL ? open() : 'wait';
  if (close > LONGEST_LABEL) return open();
  const label = readable(held.slice(1, close));
  const after = held.charAt(close + 1);
  if (after === '' && !final) return 'wait';
  const markers = MARKER.test(label) ? numbersIn(label).filter(rules.hasPassage) : undefined;
  if (after !== '(') {
    if (markers === undefined) return open();
    return { ...step(before.length + close + 1, before, after === ':' ? ' ' : ''), numbers: markers };
  }
  const end = held.indexOf(')', close);
  if (end === -1 && !final && held.length - close < LONGEST_TARGET) return 'wait';
  const taken = before.length + (end === -1 ? held.length : end + 1);
  if (before === '!') return step(taken, '');
  if (markers !== undefined) return { ...step(taken, ''), numbers: markers };
  const target =
    held
      .slice(close + 2, end === -1 ? held.length : end)
      .trim()
      .split(/\s/u)[0] ?? '';
  return step(taken, '', rules.isKnownAddress(target) && label !== target ? `${label} (${target})` : label);
}

const OPENING = /[[【［]/u;

/** As it looks: full-width digits as digits, and without what has no width or only escapes. */
const readable = (label: string): string =>
  label.normalize('NFKC').replaceAll(/[\\\u200b-\u200f\u2060\ufeff]/gu, '');

/** An escaped marker looks like any other; other escapes are words' own. */
function escaped(held: string, final: boolean): Step | 'wait' {
  if (!final && /^\\(?:\[[^\]]{0,12})?$/u.test(held)) return 'wait';
  return step(1, /^\\\[\s*\d{1,4}\s*\\?\]/u.test(held) ? '' : '\\');
}

const REFERENCE = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/giu;
/** A reference that may end in what comes next. */
const UNENDED = /&(?:#?[\da-z]{0,8})$/iu;

/** What character references stand for, but for what keeps a tag or a reference from being one. */
const decoded = (text: string): string =>
  text.replaceAll(REFERENCE, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return NAMED.get(name) ?? whole;
    const character = String.fromCodePoint(
      Math.min(decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16), 0x10ffff),
    );
    return /[\p{C}<>&]/u.test(character) ? whole : character;
  });
/** Those of HTML that make links, images and markers. */
const NAMED = new Map(
  Object.entries({
    colon: ':',
    sol: '/',
    excl: '!',
    lbrack: '[',
    lsqb: '[',
    rbrack: ']',
    rsqb: ']',
    period: '.',
  }),
);

/** "1, 3" and "2-4". */
function numbersIn(label: string): number[] {
  const numbers = new Set<number>();
  for (const part of label.split(/[,;&]|and/iu)) {
    const [from = 0, to = from] = (part.match(/\d+/gu) ?? []).map(Number);
    for (let number = from; number <= Math.min(to, from + MOST_IN_RANGE); number++) numbers.add(number);
  }
  return [...numbers];
}
const MOST_IN_RANGE = 20;

function tag(held: string, final: boolean): Step | 'wait' {
  if (held.length === 1) return final ? step(1, '<') : 'wait';
  if (!/^<[a-z/!|]/iu.test(held)) return step(1, '<');
  const close = held.indexOf('>');
  if (close === -1 && !final && held.length < LONGEST_TAG && /^<(?:[a-z/!|][^<]*)$/iu.test(held))
    return 'wait';
  const whole = close === -1 ? held : held.slice(0, close + 1);
  // what it holds is looked at as words: an address among them is one
  if (/^<(?:[a-z]+:|www\.)/iu.test(whole)) return step(1, '');
  if (/^<[|!]/u.test(whole) || ACTIVE_TAG.test(whole)) return step(close === -1 ? 1 : whole.length, '');
  // any other tag may name an address in an attribute: with a space it is none
  return step(1, /^<[a-z][\da-z-]*[\s/][^<>]*=/iu.test(whole) ? '< ' : '<');
}
