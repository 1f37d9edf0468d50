import { createContext, useContext } from 'react';
import type { Citation } from '../../../contract/query.ts';

/** A passage to show beside the conversation. */
export interface Passage {
  readonly documentId: string;
  readonly title: string;
  readonly page: number;
  readonly start: number;
  readonly end: number;
}

export interface AnswerCitations {
  readonly byMarker: ReadonlyMap<number, Citation>;
  readonly open: (passage: Passage) => void;
}

const Context = createContext<AnswerCitations>({ byMarker: new Map(), open: () => undefined });
export const AnswerCitationsProvider = Context.Provider;
export const useAnswerCitations = (): AnswerCitations => useContext(Context);
