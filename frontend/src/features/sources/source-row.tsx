import { Link } from "@tanstack/react-router";
import type { RefObject } from "react";
import { Problem } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import { useMayWrite } from "@/features/auth/session";
import { LIST_ROW } from "@/features/shell/use-list-keys";
import type { NewsSource } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { plural } from "@/lib/format";
import { type SourceActs, useSourceActions } from "./mutations";
import { SourceActions } from "./source-actions";
import { SourceStatus } from "./source-status";
import { capital, KIND_NAMES, rate, troubleOf } from "./words";

/** The columns of a wide window, shared with the heading above them. */
export const COLUMNS = "md:grid md:grid-cols-[minmax(0,1fr)_6rem_4.5rem_5.5rem_5.5rem_6.5rem] md:gap-x-4";

interface SourceRowProps {
  source: NewsSource;
  /** Takes the keys' actions while the row has the focus. */
  focused: RefObject<SourceActs | null>;
}

/** One source: what it is, how it fares, how much it brings, and when it was and will be visited. */
export function SourceRow({ source, focused }: SourceRowProps) {
  const mayWrite = useMayWrite();
  const acts = useSourceActions(source);
  const trouble = troubleOf(source);
  return (
    <li
      onFocus={() => {
        focused.current = acts;
      }}
      className="group relative border-b border-rule py-2.5 [content-visibility:auto] [contain-intrinsic-size:auto_3.5rem] hover:bg-sunken has-[a:focus-visible]:outline-2 has-[a:focus-visible]:-outline-offset-2 has-[a:focus-visible]:outline-accent"
    >
      <div className={cx("flex flex-wrap items-start gap-x-3 md:items-center", COLUMNS)}>
        <div className="min-w-0 max-md:w-0 max-md:grow max-md:basis-[calc(100%-4rem)]">
          <Link
            to="/sources/$sourceId"
            params={{ sourceId: source.id }}
            className={cx(
              "block truncate font-serif leading-snug font-semibold outline-none after:absolute after:inset-0",
              source.paused && "text-muted",
            )}
            {...LIST_ROW}
          >
            {source.title}
          </Link>
          <p className="mt-0.5 flex gap-x-2.5 text-xs text-muted">
            <span className="shrink-0">{KIND_NAMES[source.kind]}</span>
            {source.category && <span className="shrink-0">{capital(source.category)}</span>}
            <span className="truncate">{address(source.url)}</span>
          </p>
        </div>
        <div className="max-md:order-last max-md:mr-1">
          <SourceStatus source={source} />
        </div>
        <p className="nums text-xs text-muted max-md:order-last max-md:py-0.5 md:text-right md:text-sm md:text-ink">
          <span title={`${plural(source.document_count, "document")} in all`}>
            {rate(source.items_per_day)}
            <span className="md:sr-only"> a day</span>
          </span>
        </p>
        <p className="nums text-xs text-muted max-md:order-last max-md:py-0.5 md:text-right">
          <span className="md:sr-only">success </span>
          {source.succeeded_at ? <Time at={source.succeeded_at} label="Last success" /> : "never"}
        </p>
        <p className="nums text-xs text-muted max-md:order-last max-md:py-0.5 md:text-right">
          <span className="md:sr-only">next </span>
          <NextVisit source={source} />
        </p>
        <div className="flex justify-end max-md:self-start">
          {mayWrite && <SourceActions source={source} acts={acts} />}
        </div>
      </div>
      {trouble && (
        <p
          className={cx(
            "mt-1 max-w-3xl text-xs",
            source.status === "failing" || source.paused ? "text-failure" : "text-warning",
          )}
          title={source.error_detail ?? undefined}
        >
          {trouble}
        </p>
      )}
      {acts.error && <Problem error={acts.error} className="relative z-10 mt-2" />}
    </li>
  );
}

export function NextVisit({ source }: { source: NewsSource }) {
  if (source.paused) return "none";
  if (source.status === "running") return "now";
  return <Time at={source.next_poll_at} label="Next visit" ahead />;
}

/** An address without what is the same for all. */
const address = (url: string) => url.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
