import { EVERYTHING, type Scope } from './scope.ts';

/** What is being written, and where it will be asked. */
export interface Draft {
  readonly text: string;
  readonly scope: Scope;
}
const EMPTY: Draft = { text: '', scope: EVERYTHING };
const keyOf = (conversationId: string | undefined) => `ka.draft.${conversationId ?? 'new'}`;

/** Kept for the tab only: what was not sent yet is nobody else's business. */
export function keptDraft(conversationId: string | undefined): Draft {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(conversationId)) ?? 'null') as Partial<Draft> | null;
    return { ...EMPTY, ...kept };
  } catch {
    return EMPTY;
  }
}

export function keepDraft(conversationId: string | undefined, draft: Draft): void {
  try {
    if (draft.text === '' && draft.scope.kind === 'everything')
      sessionStorage.removeItem(keyOf(conversationId));
    else sessionStorage.setItem(keyOf(conversationId), JSON.stringify(draft));
  } catch {
    // a full store loses the draft on reload, not now
  }
}
