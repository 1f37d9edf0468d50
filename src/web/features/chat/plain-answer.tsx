import type { ReactNode } from 'react';
import { CitationChip } from './citation-chip.tsx';
import { useAnswerCitations } from './citation-context.ts';
import { cutAtMarkers } from './citation-markers.ts';
import { UnverifiedSentence } from './unverified-sentence.tsx';

/** Sentences word for word from documents: their stars, bars and numbers mean nothing. */
export function PlainAnswer({ answer }: { answer: string }) {
  const { byMarker } = useAnswerCitations();
  const pieces = cutAtMarkers(answer, (marker) => byMarker.has(marker));
  const shown: ReactNode[] = pieces.map((piece, i) => {
    if (piece.kind === 'marker') return <CitationChip key={piece.at} marker={piece.marker} />;
    const next = pieces[i + 1];
    const doubtful = next?.kind === 'marker' && byMarker.get(next.marker)?.supported === false;
    return doubtful ? (
      <UnverifiedSentence key={piece.at}>{piece.text}</UnverifiedSentence>
    ) : (
      <span key={piece.at}>{piece.text}</span>
    );
  });
  return (
    <p dir="auto" className="whitespace-pre-wrap">
      {shown}
    </p>
  );
}
