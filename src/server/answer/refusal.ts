import { NOT_FOUND } from './extract.ts';

/** Whether an answer begins with the sentence that the prompt asks for when the passages do not say. */
export const isRefusal = (text: string): boolean => bare(text).startsWith(bare(NOT_FOUND));

/** Whether a sentence says in a model's own words that the passages do not answer; it is no claim to verify. */
export const looksLikeRefusal = (sentence: string): boolean =>
  isRefusal(sentence) || REFUSALS.some((pattern) => pattern.test(sentence));

const bare = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

const REFUSALS: readonly RegExp[] = [
  /\b(?:passages?|documents?|sources?|context|texts?|excerpts?|materials?)\b[^.]{0,40}\b(?:do(?:es)? not|don['’]t|doesn['’]t|did not|contains? no|provides? no|gives? no|has no|have no)\b/iu,
  /\b(?:not|no|nothing|isn['’]t|aren['’]t)\b[^.]{0,50}\b(?:in|by|from) (?:the|these|your|any of the) (?:provided |given |available )?(?:passages?|documents?|sources?|context|texts?|excerpts?)\b/iu,
  /\bI (?:cannot|can['’]t|could not|couldn['’]t|am unable to|do not|don['’]t)\b[^.]{0,40}\b(?:answer|find|know|determine|say|help)\b/iu,
  /\b(?:Passagen|Dokumente|Texte|Quellen)\b[^.]{0,60}\b(?:nicht|keine?n?)(?!\p{L})/iu,
  /\b(?:passages|documents|extraits|sources)(?!\p{L})[^.]{0,40}\b(?:ne|n['’])\s?[^.]{0,30}\b(?:pas|aucune?)(?!\p{L})/iu,
  /\b(?:pasajes|documentos|fuentes|textos)\b[^.]{0,20}\bno\s/iu,
  /(?:документ|отрыв|источник|текст)\p{L}*[^.]{0,40}\sне(?!\p{L})/iu,
  /(?:文档|文件|段落|资料)[^。]{0,20}(?:没有|未|不)|(?:文書|資料|文章)[^。]{0,30}(?:ありません|ない)/u,
];
