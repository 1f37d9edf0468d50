import { useInfiniteQuery } from '@tanstack/react-query';
import { Download, ThumbsDown, ThumbsUp } from 'lucide-react';
import { useState } from 'react';
import { feedbackCases, feedbackQuery } from '../../data/admin.ts';
import { formatDateTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { saveFile } from '../../ui/save-file.ts';
import { Table } from '../../ui/table.tsx';
import { toastError } from '../../ui/toast.tsx';
import { Listing } from './listing.tsx';

const { rated } = text.admin;

export function FeedbackPart() {
  const [rating, setRating] = useState<string>();
  const query = useInfiniteQuery(feedbackQuery(rating));
  return (
    <div className="flex flex-col gap-4">
      <p className="text-sm text-muted">{rated.hint}</p>
      <div className="flex flex-wrap items-end justify-between gap-3">
        <div className="w-48">
          <Field label={rated.filter}>
            {(tie) => (
              <Select
                {...tie}
                value={rating ?? ''}
                onChange={(event) => setRating(event.target.value || undefined)}
              >
                <option value="">{rated.all}</option>
                <option value="1">{rated.good}</option>
                <option value="-1">{rated.bad}</option>
              </Select>
            )}
          </Field>
        </div>
        <Button
          icon={<Download className="size-4" />}
          disabled={query.data?.pages[0]?.total === 0}
          onClick={() =>
            void feedbackCases(rating)
              .then((lines) => saveFile('qa.jsonl', 'application/x-ndjson', lines))
              .catch(toastError)
          }
        >
          {rated.export}
        </Button>
      </div>
      <Listing query={query} none={rated.none}>
        {(answers) => (
          <Table
            label={text.admin.parts.feedback}
            rows={answers}
            keyOf={({ messageId }) => messageId}
            columns={[
              {
                label: rated.rating,
                cell: ({ rating: given }) =>
                  given === 1 ? (
                    <ThumbsUp role="img" aria-label={rated.good} className="size-4 text-good" />
                  ) : (
                    <ThumbsDown role="img" aria-label={rated.bad} className="size-4 text-bad" />
                  ),
              },
              {
                label: rated.question,
                cell: ({ question, answer, comment }) => (
                  <div className="min-w-56">
                    <p className="font-medium break-words">{question}</p>
                    <p className="mt-1 line-clamp-3 text-sm break-words text-muted">{answer}</p>
                    {comment === null || comment === '' ? null : (
                      <p className="mt-1 text-sm break-words">{rated.comment(comment)}</p>
                    )}
                  </div>
                ),
              },
              { label: rated.who, cell: ({ email }) => <span className="break-all">{email}</span> },
              {
                label: rated.at,
                cell: ({ createdAt }) => (
                  <time dateTime={createdAt} className="whitespace-nowrap tabular-nums">
                    {formatDateTime(createdAt)}
                  </time>
                ),
              },
            ]}
          />
        )}
      </Listing>
    </div>
  );
}
