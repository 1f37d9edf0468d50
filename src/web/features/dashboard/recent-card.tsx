import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleSlash, MessageSquare } from 'lucide-react';
import type { Dashboard } from '../../../contract/dashboard.ts';
import { formatAgo, formatDateTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Card } from '../../ui/page.tsx';
import { sampleQuery } from './sample.ts';

export const RecentCard = ({ questions }: { questions: Dashboard['recentQuestions'] }) => (
  <Card title={text.dashboard.recent}>
    {questions.length === 0 ? (
      <NothingAsked />
    ) : (
      <ul className="-mx-2 flex flex-col">
        {questions.slice(0, 7).map(({ messageId, conversationId, question, answered, createdAt }) => (
          <li key={messageId}>
            <Link
              to="/chat/$conversationId"
              params={{ conversationId }}
              search={{ message: messageId }}
              className="flex items-center gap-3 rounded-md px-2 py-1.5 text-sm hover:bg-hover"
            >
              {answered === false ? (
                <CircleSlash aria-label={text.dashboard.refused} className="size-4 shrink-0 text-warn" />
              ) : (
                <MessageSquare aria-hidden className="size-4 shrink-0 text-muted" />
              )}
              <span className="min-w-0 flex-1 truncate">{question}</span>
              <time
                dateTime={createdAt}
                title={formatDateTime(createdAt)}
                className="shrink-0 text-xs text-muted"
              >
                {formatAgo(createdAt)}
              </time>
            </Link>
          </li>
        ))}
      </ul>
    )}
  </Card>
);

function NothingAsked() {
  const { data: hasSample = false } = useQuery(sampleQuery());
  return (
    <div className="flex flex-col gap-3 text-sm">
      <p className="text-muted">{text.dashboard.noQuestions}</p>
      {hasSample ? (
        <>
          <h3 className="font-medium">{text.dashboard.tryAsking}</h3>
          <ul className="flex flex-col items-start gap-2">
            {text.dashboard.sampleQuestions.map((question) => (
              <li key={question}>
                <Link
                  to="/chat"
                  search={{ q: question }}
                  className="block rounded-md border border-line px-3 py-2 hover:bg-hover"
                >
                  {question}
                </Link>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}
