import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { Empty, Problem, ProgressLine, Skeleton } from "@/components/ui/states";
import { useSystemStatus } from "@/features/shell/system-status";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { useStalled } from "@/lib/use-debounced";
import { DocumentRow } from "./document-row";
import { documentsQuery, type ListedStatus } from "./list-cache";

interface DocumentListProps {
  status: ListedStatus | undefined;
  onStatus: (status: ListedStatus | undefined) => void;
}

/** Everything that is stored, newest first. */
export function DocumentList({ status, onStatus }: DocumentListProps) {
  const list = useInfiniteQuery(documentsQuery(status));
  const stalled = useStalled(list.isPlaceholderData);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const total = list.data?.pages[0]?.total;
  return (
    <section className="mt-8" aria-labelledby="documents-title">
      <div className="flex flex-wrap items-baseline gap-x-5 gap-y-1 border-b border-ink pb-1.5">
        <h2 id="documents-title" className="font-serif text-sm font-semibold">
          Documents
        </h2>
        <StatusFilter status={status} onStatus={onStatus} />
        <p className="nums ml-auto text-xs text-muted">
          {total &&
            rows.length > 0 &&
            `${number(rows.length)} of ${total.relation === "eq" ? "" : "about "}${number(total.value)}`}
        </p>
      </div>
      <ProgressLine active={stalled} />
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} className="my-4" />}
      {list.isPending && <Skeleton lines={10} className="py-5" />}
      {list.data && rows.length === 0 && <NoDocuments status={status} onStatus={onStatus} />}
      <ul className={cx(stalled && "opacity-55")}>
        {rows.map((document) => (
          <DocumentRow key={document.id} document={document} />
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="py-6 text-center">
          <Button onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
            {list.isFetchingNextPage ? "Loading" : "Load more documents"}
          </Button>
        </div>
      )}
    </section>
  );
}

function StatusFilter({ status, onStatus }: DocumentListProps) {
  const counts = useSystemStatus()?.documents;
  const choices = [
    { value: undefined, label: "All", count: undefined },
    { value: "ready", label: "Ready", count: counts?.ready },
    { value: "processing", label: "In work", count: counts?.working },
    { value: "failed", label: "Failed", count: counts?.failed },
  ] as const;
  return (
    <div role="radiogroup" aria-label="Status" className="flex gap-4 text-xs">
      {choices.map(({ value, label, count }) => (
        <label
          key={label}
          className={cx(
            "cursor-pointer py-1 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent",
            status === value ? "font-semibold text-ink" : "text-muted hover:text-ink",
          )}
        >
          <input
            type="radio"
            name="status"
            className="sr-only"
            checked={status === value}
            onChange={() => onStatus(value)}
          />
          {label}
          {count !== undefined && <span className="nums ml-1 font-normal text-muted">{number(count)}</span>}
        </label>
      ))}
    </div>
  );
}

function NoDocuments({ status, onStatus }: DocumentListProps) {
  if (status) {
    const words = { ready: "ready", processing: "being read", failed: "failed" }[status];
    return (
      <Empty
        title={status === "failed" ? "No document has failed" : `No document is ${words}`}
        action={<Button onClick={() => onStatus(undefined)}>Show all documents</Button>}
      />
    );
  }
  return (
    <Empty title="Nothing here yet">
      Drop a PDF report or a saved article on this page. You can search it and ask about it as soon as it is
      ready.
    </Empty>
  );
}
