import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { type FeedbackResource, feedbackList } from "@/client";
import { Button, buttonClass } from "@/components/ui/button";
import { Empty, Problem, Skeleton } from "@/components/ui/states";
import { SwitchRow } from "@/components/ui/switch-row";
import { Time } from "@/components/ui/time";
import { REASONS } from "@/features/ask/feedback-reasons";
import { useMe } from "@/features/auth/session";
import { cx } from "@/lib/cx";
import { number, plural } from "@/lib/format";
import { useTitle } from "@/lib/use-title";

export interface FeedbackParams {
  /** Only good or only bad ones. */
  rating?: "up" | "down";
}

const PAGE = 50;

function useFeedback(rating: FeedbackParams["rating"]) {
  return useInfiniteQuery({
    queryKey: ["answer-feedback-list", rating ?? "all"],
    queryFn: async ({ signal, pageParam }) =>
      (await feedbackList({ query: { rating, limit: PAGE, cursor: pageParam }, signal })).data,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** What people said of answers, for the owner: who can mend them reads why they were bad. */
export function FeedbackScreen({ rating }: FeedbackParams) {
  useTitle("Feedback");
  const isOwner = useMe()?.user?.role === "owner";
  return (
    <div className="mx-auto max-w-4xl px-4 pt-5 pb-24 md:px-8 md:pt-8">
      <p className="text-sm">
        <Link to="/settings" className="link">
          Settings
        </Link>
      </p>
      <header className="mt-2 flex flex-wrap items-end gap-x-6 gap-y-3">
        <h1 className="min-w-0 flex-1 font-serif text-2xl font-semibold tracking-tight">
          Feedback on answers
        </h1>
        {isOwner && <Choice rating={rating} />}
      </header>
      {isOwner ? (
        <Opinions rating={rating} />
      ) : (
        <Empty title="For owners">What people say of answers is read by the owners of an organisation.</Empty>
      )}
    </div>
  );
}

function Opinions({ rating }: FeedbackParams) {
  const feedback = useFeedback(rating);
  const opinions = feedback.data?.pages.flatMap((page) => page.data) ?? [];
  const total = feedback.data?.pages[0]?.total?.value ?? 0;
  if (feedback.isPending) return <Skeleton lines={8} className="pt-8" />;
  if (feedback.error && opinions.length === 0)
    return <Problem error={feedback.error} className="mt-6" onRetry={() => void feedback.refetch()} />;
  if (opinions.length === 0) return <Nothing rating={rating} />;
  return (
    <>
      <p className="nums mt-4 flex flex-wrap justify-between gap-x-4 text-xs text-muted">
        <span>{plural(total, "opinion")}, the latest first</span>
        <a href="/v1/answer_feedback/export" download className="link">
          All as CSV
        </a>
      </p>
      <ul aria-label="Opinions" className="mt-2 border-t border-ink">
        {opinions.map((opinion) => (
          <Opinion key={opinion.id} opinion={opinion} />
        ))}
      </ul>
      {feedback.error && (
        <Problem error={feedback.error} className="mt-4" onRetry={() => void feedback.fetchNextPage()} />
      )}
      {feedback.hasNextPage && !feedback.error && (
        <Button
          className="mt-4"
          disabled={feedback.isFetchingNextPage}
          onClick={() => void feedback.fetchNextPage()}
        >
          Show more of {number(total)}
        </Button>
      )}
    </>
  );
}

function Opinion({ opinion }: { opinion: FeedbackResource }) {
  const { answer_id, question, rating, reasons, comment, updated_at, mode } = opinion;
  const Icon = rating === "up" ? ThumbsUp : ThumbsDown;
  const why = REASONS.filter(({ reason }) => reasons.includes(reason)).map(({ label }) => label);
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-3 border-b border-rule py-3 text-sm">
      <Icon
        size={15}
        className={cx("mt-0.5", rating === "up" ? "text-muted" : "text-failure")}
        role="img"
        aria-label={rating === "up" ? "Good" : "Bad"}
      />
      <div className="min-w-0">
        <Link
          to="/ask/$answerId"
          params={{ answerId: answer_id }}
          className="font-serif text-base leading-snug font-semibold wrap-anywhere hover:underline"
        >
          {question}
        </Link>
        {why.length > 0 && <p className="mt-1">{why.join(". ")}.</p>}
        {comment && <p className="mt-1 whitespace-pre-line wrap-anywhere">“{comment}”</p>}
        <p className="mt-1 flex flex-wrap gap-x-2 text-xs text-muted">
          <Time at={updated_at} label="Said" />
          <span>{mode === "generated" ? "written by the language model" : "quoted sentences"}</span>
          {rating === "down" && why.length === 0 && !comment && <span>no reason given</span>}
        </p>
      </div>
    </li>
  );
}

function Nothing({ rating }: FeedbackParams) {
  if (rating)
    return (
      <Empty
        title={rating === "up" ? "No good ones" : "No bad ones"}
        action={
          <Link to="/settings/feedback" search={{}} className={buttonClass("secondary")}>
            Show all
          </Link>
        }
      />
    );
  return (
    <Empty
      title="Nobody has said anything yet"
      action={
        <Link to="/ask" className={buttonClass("secondary")}>
          Ask a question
        </Link>
      }
    >
      Below each answer are two thumbs. What people choose there, and why, is listed here with the question.
    </Empty>
  );
}

const CHOICES = [
  { label: "All", value: undefined },
  { label: "Bad", value: "down" },
  { label: "Good", value: "up" },
] as const;

function Choice({ rating }: FeedbackParams) {
  const navigate = useNavigate();
  return (
    <SwitchRow<FeedbackParams["rating"]>
      label="Which opinions"
      className="text-sm text-muted"
      choices={CHOICES}
      chosen={rating}
      onChoose={(value) =>
        void navigate({ to: "/settings/feedback", search: value ? { rating: value } : {}, replace: true })
      }
    />
  );
}
