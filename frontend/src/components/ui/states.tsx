import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { ApiProblem } from "@/lib/problem";
import { Button } from "./button";

/** Nothing here yet: says what this place is for and offers the one action that fills it. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="measure mx-auto px-4 py-16 text-center">
      <h2 className="font-serif text-xl font-semibold">{title}</h2>
      {children && <div className="mt-2 text-muted">{children}</div>}
      {action && <div className="mt-5 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** A failure in the server's words, with the number to quote and a way to try again. */
export function Problem({
  error,
  onRetry,
  retryLabel = "Try again",
  className,
}: {
  error: Error;
  onRetry?: () => void;
  retryLabel?: string;
  className?: string;
}) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div
      role="alert"
      className={cx("flex gap-3 border-l-2 border-failure bg-failure-soft px-4 py-3 text-sm", className)}
    >
      <CircleAlert size={16} className="mt-0.5 shrink-0 text-failure" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-semibold">{problem?.title ?? "This part could not be shown"}</p>
        <p className="mt-0.5">
          {problem?.message ?? "Reload the page. If it happens again, tell whoever runs this server."}
        </p>
        {problem?.requestId && problem.status !== 401 && (
          <p className="nums mt-1 text-xs text-muted">Request {problem.requestId}</p>
        )}
        {onRetry && (
          <Button look="secondary" size="small" className="mt-3" onClick={onRetry}>
            {retryLabel}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Something works only in part, and says so. */
export function Notice({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex items-center gap-3 border-l-2 border-warning bg-warning-soft px-4 py-2 text-sm">
      <div className="min-w-0 flex-1">{children}</div>
      {action}
    </div>
  );
}

const WIDTHS = ["w-11/12", "w-full", "w-3/4", "w-5/6", "w-2/3"];

/** Grey lines in the place of text, on the first paint only. */
export function Skeleton({ lines = 3, className }: { lines?: number; className?: string }) {
  return (
    <div aria-hidden className={cx("animate-pulse space-y-2.5", className)}>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move.
        <div key={index} className={cx("h-3 rounded-sm bg-rule", WIDTHS[index % WIDTHS.length])} />
      ))}
    </div>
  );
}

/** A thin line at the top of a region while something slower than 200 ms is under way. */
export function ProgressLine({ active }: { active: boolean }) {
  return (
    <div className="h-0.5 overflow-hidden" aria-hidden>
      {active && <div className="progress-line h-full w-1/3 bg-accent" />}
    </div>
  );
}
