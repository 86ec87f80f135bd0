import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { Problem, Skeleton } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { Visit } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { bytes, number, plural, took } from "@/lib/format";
import { visitsQuery } from "../queries";
import { countsLine, plainCode, VISIT_WORDS } from "../words";

const LOOKS: Record<Visit["status"], string> = {
  running: "text-accent",
  succeeded: "",
  partial: "text-warning",
  failed: "text-failure",
  interrupted: "text-muted",
};

/** The visits to a source, the latest first. */
export function Visits({ sourceId }: { sourceId: string }) {
  const list = useInfiniteQuery(visitsQuery(sourceId));
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const total = list.data?.pages[0]?.total?.value ?? rows.length;
  return (
    <section aria-labelledby="visits-title">
      <div className="flex items-baseline border-b border-ink pb-1.5">
        <h2 id="visits-title" className="flex-1 font-serif text-sm font-semibold">
          Visits
        </h2>
        <p className="nums text-xs text-muted">{rows.length > 0 && `${rows.length} of ${number(total)}`}</p>
      </div>
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} className="my-4" />}
      {list.isPending && <Skeleton lines={4} className="py-4" />}
      {list.data && rows.length === 0 && <p className="py-4 text-xs text-muted">Not visited yet.</p>}
      <ol aria-label="Visits">
        {rows.map((visit) => (
          <VisitRow key={visit.id} visit={visit} />
        ))}
      </ol>
      {list.hasNextPage && (
        <Button
          size="small"
          className="mt-3"
          onClick={() => void list.fetchNextPage()}
          disabled={list.isFetchingNextPage}
        >
          {list.isFetchingNextPage ? "Loading" : "Earlier visits"}
        </Button>
      )}
    </section>
  );
}

function VisitRow({ visit }: { visit: Visit }) {
  const counts = countsLine(visit.counts);
  const why =
    visit.status === "interrupted"
      ? "Cut short by a restart; it goes on by itself."
      : (visit.error_detail ?? (visit.error_code ? plainCode(visit.error_code) : null));
  return (
    <li className="nums border-b border-rule py-2 text-xs">
      <p className="flex gap-3">
        <span className={cx("font-medium", LOOKS[visit.status])}>{VISIT_WORDS[visit.status]}</span>
        <span className="flex-1 text-muted">{visit.trigger === "manual" ? "asked for" : "on schedule"}</span>
        <span className="text-muted">
          <Time at={visit.started_at} label="Began" />
        </span>
      </p>
      <p className="mt-0.5">
        {counts ||
          (visit.finished_at === null
            ? "Nothing yet"
            : visit.http_status === 304
              ? "Nothing changed"
              : "Nothing new")}
      </p>
      <p className="mt-0.5 flex flex-wrap gap-x-2.5 text-muted">
        <span>{plural(visit.request_count, "request")}</span>
        <span>{bytes(visit.byte_count)}</span>
        {visit.finished_at && (
          <span>{took(Date.parse(visit.finished_at) - Date.parse(visit.started_at))}</span>
        )}
        {visit.http_status !== null && <span>HTTP {visit.http_status}</span>}
      </p>
      {why && <p className={cx("mt-0.5", visit.status === "failed" && "text-failure")}>{why}</p>}
    </li>
  );
}
