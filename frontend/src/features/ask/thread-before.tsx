import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { threadsGet } from "@/client";
import { Problem } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { Citation } from "@/lib/api-types";
import { threadKey } from "./answer-store";
import { Sentences } from "./answer-view";

interface ThreadBeforeProps {
  threadId: string;
  /** The answer that stands above, which with those after it is left out. */
  current: string | null;
  onOpen: ((citation: Citation) => void) | undefined;
}

/** What was asked before in this thread, the latest first. Nothing for a thread of one question. */
export function ThreadBefore({ threadId, current, onOpen }: ThreadBeforeProps) {
  const thread = useQuery({
    queryKey: threadKey(threadId),
    queryFn: async ({ signal }) => (await threadsGet({ path: { thread_id: threadId }, signal })).data,
  });
  const answers = thread.data?.answers ?? [];
  const place = answers.findIndex((answer) => answer.id === current);
  const before = (place < 0 ? answers : answers.slice(0, place)).toReversed();
  if (thread.error)
    return <Problem error={thread.error} className="mt-10" onRetry={() => void thread.refetch()} />;
  if (before.length === 0) return null;
  return (
    <section aria-label="Before in this thread" className="mt-12">
      <h2 className="eyebrow border-b border-rule pb-2">Before in this thread</h2>
      <ol>
        {before.map((answer) => (
          <li key={answer.id} className="border-b border-rule py-5">
            <h3 className="font-serif text-lg font-semibold">
              <Link to="/ask/$answerId" params={{ answerId: answer.id }} className="hover:underline">
                {answer.question}
              </Link>
            </h3>
            <p className="mt-0.5 text-xs text-muted">
              <Time at={answer.created_at} />
            </p>
            <div className="mt-3 space-y-[0.7em] font-serif leading-[1.6]">
              {answer.sentences.length > 0 ? (
                <Sentences
                  sentences={answer.sentences}
                  sources={answer.sources}
                  apart={answer.mode === "extractive"}
                  onOpen={onOpen}
                />
              ) : (
                <p className="text-muted">Nothing in the library answered this.</p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
