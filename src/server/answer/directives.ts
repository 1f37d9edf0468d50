import { type Span, sentenceSpans } from '../text/sentences.ts';

/**
 * Sentences of a passage that speak to the machine which reads it rather than to people, and what follows them in
 * the same paragraph. They are no evidence: an answer that only they bear out is not borne out.
 */
export function directiveSpans(text: string): Span[] {
  const found: Span[] = [];
  let tainted = false;
  let last = 0;
  for (const span of sentenceSpans(text)) {
    if (/\n\s*\n/.test(text.slice(last, span.start))) tainted = false;
    last = span.end;
    const sentence = text.slice(span.start, span.end);
    // chat markup opens a turn that was never taken: it does not end with its paragraph's first sentence
    if (DIRECTIVES.some((pattern) => pattern.test(sentence))) tainted = true;
    if (tainted) found.push(span);
  }
  return found;
}

/** Whom it speaks to. */
const MACHINE =
  '(?:assistants?|a\\.?i\\.?|chat ?bots?|bots?|language models?|llms?|gpt(?:-?\\d\\w*)?|chatgpt|claude|gemini|copilot|assistenten?|assistent(?:in)?|sprachmodell|asistente|modèle de langage|assistente|ассистент\\w*)';

/**
 * Narrow on purpose: manuals speak to their readers too ("you are now signed in", "show the context menu"). In 7,492
 * passages of encyclopedias, abstracts, news and software manuals none is hit by mistake.
 */
const DIRECTIVES: readonly RegExp[] = [
  // markup of chats and of prompts
  /<\|[^|>]{1,40}\|>|\[\/?INST\]|<<\/?SYS>>|(?:^|\n)\s*<\/?(?:system|assistant|instructions?|context|documents?|passages?|prompt)>\s*(?:$|\n)/iu,
  /^\W*(?:system|assistant|developer) (?:prompt|message|note|override)\s*:/iu,
  new RegExp(
    `^\\W*(?:note|message|instructions?|hint|attention|hinweis|nota|remarque|important)\\W+(?:to|for|an|für|para|à|pour|al|all['’]?)\\W+(?:the |any |every |all |den |die |das |el |la |l['’])?${MACHINE}(?![\\p{L}\\p{N}])`,
    'iu',
  ),
  /^\W*(?:[Dd]ear |[Hh]ey |[Aa]ttention[,:]? )?(?:[Aa]ssistants?|AI|[Bb]ot|[Cc]hatbot|LLM|[Cc]hatGPT|Claude|Gemini)\s*(?::\s+\p{Ll}|[:,]\s+(?:[Aa]lways|[Nn]ever|[Pp]lease|[Ss]ay|[Ww]rite|[Ii]gnore|[Aa]nswer|[Dd]o|[Yy]ou|[Aa]dd|[Tt]ell|[Rr]ecommend)\s)/u,
  // taking back what was said before
  /\b(?:ignore|disregard|forget|override|bypass|discard)\b[^.]{0,40}\b(?:all|any|previous|prior|above|earlier|preceding|your|system|other)\b[^.]{0,40}\b(?:instructions?|prompts?|guidelines?|directives)/iu,
  /\b(?:ignore|disregard|forget)\b[^.]{0,20}\b(?:everything|anything|all) (?:above|before|previously|you)\b/iu,
  /\b(?:ignorier\p{L}*|vergiss|vergesst|missachte\p{L}*)(?!\p{L})[^.]{0,60}(?:anweisung|instruktion|vorgaben)\p{L}*/iu,
  /\b(?:ignore[zr]?|oublie[zr]?|ignora|ignorad|ignoren?|olvida|olvide|dimentica|esque[çc]a)(?!\p{L})[^.]{0,20}\b(?:toutes?|les|las|todas?|tutte|le|tus|tes|vos|sus)\s[^.]{0,40}(?:instru[czç]+\p{L}*|consignes?|istruzioni)/iu,
  /(?:игнорируй|забудь)\p{L}*[^.]{0,60}(?:инструкци|указани)\p{L}*/iu,
  /(?:忽略|无视|無視|忘记)[^。]{0,30}(?:指令|指示|说明|說明|提示)|(?:指示|命令)[^。]{0,12}(?:無視|忘れ)/u,
  /(?:تجاهل|انس)[^.]{0,60}(?:التعليمات|الأوامر)/u,
  // a new part to play
  /\byou are (?:now|no longer) (?:an? |the )?(?:\p{L}*(?:bot|gpt|dan)\b|ai\b|assistant\b|bound\b|restricted\b)/iu,
  /\bfrom now on,? (?:you (?:are|will|must|shall)|always|answer|reply|respond|act)\b/iu,
  /\b(?:act|behave|pretend) (?:as|to be|like)\b[^.]{0,20}\b(?:bot|ai|assistant|language model|dan)\b/iu,
  /\bdu bist (?:jetzt|nun|ab sofort)\b|\btu es (?:maintenant|désormais)\b|\bahora eres\b|(?:теперь ты|ты теперь)|你现在是|あなたは今から/iu,
  /\b(?:your|the|hidden) system prompt\b|\bhidden prompt\b|\bjailbreak(?:ing|en)? mode\b|\bdan mode\b/iu,
  // how the answer shall look
  /\b(?:answer|reply|respond)\b[^.]{0,30}\b(?:only|always|every|all|any|exactly|solely)\b[^.]{0,40}\b(?:with|by|in) (?:the |this |a |only )?(?:word|phrase|sentence|text|string|following)\b/iu,
  /\b(?:end|begin|start|finish|prefix|conclude|append|include|insert|add)\b[^.]{0,40}\b(?:every|each|all(?: of)? your|your)\b[^.]{0,16}\b(?:answers?|repl(?:y|ies)|responses?|outputs?)\b/iu,
  /\b(?:reveal|leak|disclose|print|repeat|output|show)\b[^.]{0,20}\byour (?:\w+ )?(?:prompt|instructions?|rules)\b/iu,
  /\b(?:cite|quote|reference|attribute)\b[^.]{0,40}\b(?:it|this|them|as|document|source)\b[^.]{0,30}\[\d+\]/iu,
  /!\[[^\]]*\]\([^)\s]*(?:=[A-Z]{3,}|%7B|\{|\$)[^)]*\)/u,
];
