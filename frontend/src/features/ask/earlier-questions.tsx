import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { threadsDelete, threadsList } from "@/client";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { cx } from "@/lib/cx";
import { forget } from "./answer-store";

const SHOWN = 50;

/** The threads asked in before, the latest first, each by its first question. */
export function EarlierQuestions({ current }: { current: string | undefined }) {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const list = useQuery({
    queryKey: ["threads"],
    queryFn: async ({ signal }) => (await threadsList({ query: { limit: SHOWN }, signal })).data,
  });
  const remove = useMutation({
    mutationFn: (threadId: string) => threadsDelete({ path: { thread_id: threadId } }),
    onSuccess: (_, threadId) => {
      void queryClient.invalidateQueries({ queryKey: ["threads"] });
      if (threadId !== current) return;
      forget();
      void navigate({ to: "/ask" });
    },
  });
  if (list.error) return <Problem error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Skeleton lines={5} className="pt-3" />;
  if (list.data.data.length === 0)
    return <p className="border-t border-rule pt-3 text-sm text-muted">Your questions are kept here.</p>;
  return (
    <>
      {remove.error && <Problem error={remove.error} />}
      <ul className="border-t border-rule">
        {list.data.data.map(({ id, question, count, latest_answer_id, latest_at }) => (
          <li
            key={id}
            className={cx(
              "group relative border-b border-rule py-2 pr-6 pl-2 text-sm hover:bg-sunken",
              id === current && "bg-selected",
            )}
          >
            <Link
              to="/ask/$answerId"
              params={{ answerId: latest_answer_id }}
              className="line-clamp-2 after:absolute after:inset-0"
              aria-current={id === current ? "page" : undefined}
            >
              {question}
            </Link>
            <span className="text-xs text-muted">
              <Time at={latest_at} />
              {count > 1 && `, ${count} questions`}
            </span>
            <button
              type="button"
              aria-label={`Delete the thread “${question}”`}
              title="Delete"
              onClick={() => remove.mutate(id)}
              className="absolute top-1.5 right-1 grid size-6 place-items-center rounded-sm text-muted opacity-0 group-hover:opacity-100 hover:bg-rule hover:text-ink focus-visible:opacity-100 pointer-coarse:opacity-100"
            >
              <X size={12} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
