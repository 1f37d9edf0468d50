import { type ComponentType, type ReactNode, useMemo } from 'react';
import Markdown, { type Components, defaultUrlTransform, type Options } from 'react-markdown';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import * as text from '../../text/text.ts';
import { CitationChip } from './citation-chip.tsx';
import { useAnswerCitations } from './citation-context.ts';
import { CodeBlock } from './code-block.tsx';
import { rehypeCitations } from './rehype-citations.ts';
import { remarkPlainReferences } from './remark-plain-references.ts';
import { UnverifiedSentence } from './unverified-sentence.tsx';

/** Links lead out by these only. */
const SAFE_LINK = /^(?:https?:|mailto:)/i;
const SCHEMA = {
  ...defaultSchema,
  protocols: { ...defaultSchema.protocols, href: ['http', 'https', 'mailto'] },
};

/** Heads of an answer stand below those of the page. */
const head = ({ children }: { children?: ReactNode }) => (
  <h3 className="mt-5 mb-2 font-semibold">{children}</h3>
);

const COMPONENTS: Components & Record<string, ComponentType<never>> = {
  a: ({ href, children }) =>
    href !== undefined && SAFE_LINK.test(href) ? (
      <a
        href={href}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="text-accent-text underline underline-offset-2"
      >
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  // nothing is fetched because a document or a model says so
  img: ({ alt }) => <span className="text-muted">{alt}</span>,
  h1: head,
  h2: head,
  h3: head,
  h4: head,
  h5: head,
  h6: head,
  p: ({ children }) => (
    <p dir="auto" className="my-3 first:mt-0 last:mb-0">
      {children}
    </p>
  ),
  ul: ({ children }) => <ul className="my-3 list-disc space-y-1 pl-6">{children}</ul>,
  ol: ({ children, start }) => (
    <ol start={start} className="my-3 list-decimal space-y-1 pl-6">
      {children}
    </ol>
  ),
  blockquote: ({ children }) => (
    <blockquote className="my-3 border-l-2 border-line-strong pl-4 text-muted">{children}</blockquote>
  ),
  hr: () => <hr className="my-5 border-line" />,
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  code: ({ children }) => <code className="rounded-sm bg-sunken px-1 py-0.5 text-[0.875em]">{children}</code>,
  table: ({ children }) => (
    // biome-ignore lint/a11y/useSemanticElements: no set of form fields
    <div
      role="group"
      aria-label={text.viewer.table}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard too
      tabIndex={0}
      className="my-3 overflow-x-auto rounded-md border border-line"
    >
      <table className="w-full text-sm">{children}</table>
    </div>
  ),
  th: ({ children }) => <th className="bg-bg px-3 py-1.5 text-left font-semibold">{children}</th>,
  td: ({ children }) => <td className="border-t border-line px-3 py-1.5 align-top">{children}</td>,
  input: ({ checked }) => <span aria-hidden>{checked === true ? '☑ ' : '☐ '}</span>,
  'citation-marker': ({ marker }: { marker: string }) => <CitationChip marker={Number(marker)} />,
  'unverified-sentence': UnverifiedSentence,
};

/** What a model wrote. Raw HTML stays text, and what is left after sanitising is drawn from the list above. */
export default function MarkdownAnswer({ answer }: { answer: string }) {
  const { byMarker } = useAnswerCitations();
  const rehypePlugins = useMemo<Options['rehypePlugins']>(
    () => [
      [rehypeSanitize, SCHEMA],
      rehypeCitations({
        known: (marker) => byMarker.has(marker),
        supported: (marker) => byMarker.get(marker)?.supported !== false,
      }),
    ],
    [byMarker],
  );
  return (
    <Markdown
      remarkPlugins={[remarkGfm, remarkPlainReferences]}
      rehypePlugins={rehypePlugins}
      urlTransform={(url) => (SAFE_LINK.test(url) ? defaultUrlTransform(url) : '')}
      components={COMPONENTS}
    >
      {answer}
    </Markdown>
  );
}
