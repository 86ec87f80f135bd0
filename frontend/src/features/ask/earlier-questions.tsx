import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { X } from "lucide-react";
import { answersDelete, answersList } from "@/client";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { cx } from "@/lib/cx";

const SHOWN = 50;

/** The questions asked before, newest first. */
export function EarlierQuestions({ current }: { current: string | undefined }) {
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const list = useQuery({
    queryKey: ["answers"],
    queryFn: async ({ signal }) => (await answersList({ query: { limit: SHOWN }, signal })).data,
  });
  const remove = useMutation({
    mutationFn: (answerId: string) => answersDelete({ path: { answer_id: answerId } }),
    onSuccess: (_, answerId) => {
      void queryClient.invalidateQueries({ queryKey: ["answers"] });
      if (answerId === current) void navigate({ to: "/ask" });
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
        {list.data.data.map(({ id, question, created_at }) => (
          <li
            key={id}
            className={cx(
              "group relative border-b border-rule py-2 pr-6 pl-2 text-sm hover:bg-sunken",
              id === current && "bg-selected",
            )}
          >
            <Link
              to="/ask/$answerId"
              params={{ answerId: id }}
              className="line-clamp-2 after:absolute after:inset-0"
              aria-current={id === current ? "page" : undefined}
            >
              {question}
            </Link>
            <span className="text-xs text-muted">
              <Time at={created_at} />
            </span>
            <button
              type="button"
              aria-label={`Delete the question “${question}”`}
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
