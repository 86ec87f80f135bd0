import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "@/components/ui/button";
import { Empty, Problem, ProgressLine, Skeleton } from "@/components/ui/states";
import { DemoHint, LoadDemo } from "@/features/demo/load-demo";
import { useSystemStatus } from "@/features/shell/system-status";
import { cx } from "@/lib/cx";
import { number } from "@/lib/format";
import { useStalled } from "@/lib/use-debounced";
import { DocumentRow } from "./document-row";
import type { LibraryParams } from "./library-params";
import { documentsQuery } from "./list-cache";
import { useSelection } from "./selection";
import { SelectionBar } from "./selection-bar";
import { ShelfFilter } from "./shelf-filter";

interface DocumentListProps {
  params: LibraryParams;
  onParams: (params: LibraryParams) => void;
}

/** Everything that is stored, newest first. */
export function DocumentList({ params, onParams }: DocumentListProps) {
  const list = useInfiniteQuery(documentsQuery(params));
  const stalled = useStalled(list.isPlaceholderData);
  const rows = list.data?.pages.flatMap((page) => page.data) ?? [];
  const total = list.data?.pages[0]?.total;
  const selection = useSelection(rows, JSON.stringify(params));
  const allShown = rows.length > 0 && rows.every((row) => selection.ids.has(row.id));
  return (
    <section className="mt-8" aria-labelledby="documents-title">
      <div className="flex flex-wrap items-center gap-x-5 gap-y-1 border-b border-ink pb-1.5">
        {rows.length > 0 && (
          <label className="-my-1 -mr-3 -ml-1 grid place-items-center p-1 pointer-coarse:p-3.5">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              aria-label="Select all rows shown"
              checked={allShown}
              onChange={({ target }) => selection.setShown(target.checked)}
            />
          </label>
        )}
        <h2 id="documents-title" className="font-serif text-sm font-semibold">
          Documents
        </h2>
        <StatusFilter params={params} onParams={onParams} />
        <ShelfFilter params={params} onParams={onParams} />
        <p className="nums ml-auto text-xs text-muted">
          {total &&
            rows.length > 0 &&
            `${number(rows.length)} of ${total.relation === "eq" ? "" : "about "}${number(total.value)}`}
        </p>
      </div>
      {rows.length > 0 && (
        <p className="border-b border-rule py-1.5 text-xs text-muted">
          Every document counts here, copies and tables too. Search counts the copies of a text once and
          leaves tables out.
        </p>
      )}
      <ProgressLine active={stalled} />
      <SelectionBar selection={selection} rows={rows} total={total?.value ?? 0} params={params} />
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} className="my-4" />}
      {list.isPending && <Skeleton lines={10} className="py-5" />}
      {list.data && rows.length === 0 && <NoDocuments params={params} onParams={onParams} />}
      <ul className={cx(stalled && "opacity-55")}>
        {rows.map((document) => (
          <DocumentRow
            key={document.id}
            document={document}
            selected={selection.everything !== null || selection.ids.has(document.id)}
            onSelect={(range) => selection.toggle(document.id, range)}
          />
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

function StatusFilter({ params, onParams }: DocumentListProps) {
  const counts = useSystemStatus()?.documents;
  const stopped = counts?.stopped ?? 0;
  const archived = counts?.archived ?? 0;
  const choices = [
    { value: undefined, label: "All", count: undefined },
    { value: "ready", label: "Ready", count: counts?.ready },
    { value: "processing", label: "In work", count: counts?.working },
    { value: "failed", label: "Failed", count: counts?.failed },
    ...(stopped > 0 || params.status === "stopped"
      ? [{ value: "stopped", label: "Stopped", count: stopped } as const]
      : []),
    ...(archived > 0 || params.status === "archived"
      ? [{ value: "archived", label: "Archived", count: archived } as const]
      : []),
  ] as const;
  return (
    <div role="radiogroup" aria-label="Status" className="flex flex-wrap gap-x-4 text-xs">
      {choices.map(({ value, label, count }) => (
        <label
          key={label}
          className={cx(
            "cursor-pointer py-1 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent",
            params.status === value ? "font-semibold text-ink" : "text-muted hover:text-ink",
          )}
        >
          <input
            type="radio"
            name="status"
            className="sr-only"
            checked={params.status === value}
            onChange={() => onParams({ ...params, status: value })}
          />
          {label}
          {count !== undefined && <span className="nums ml-1 font-normal text-muted">{number(count)}</span>}
        </label>
      ))}
    </div>
  );
}

const NOTHING = {
  ready: "No document is ready",
  processing: "No document is being read",
  failed: "No document has failed",
  stopped: "No document is paused or cancelled",
  archived: "No document is archived",
};

function NoDocuments({ params, onParams }: DocumentListProps) {
  const { status, folder, tag } = params;
  if (status || folder || tag) {
    return (
      <Empty
        title={status && !folder && !tag ? NOTHING[status] : "No document is here"}
        action={<Button onClick={() => onParams({})}>Show all documents</Button>}
      />
    );
  }
  return (
    <Empty title="Nothing here yet" action={<LoadDemo />}>
      Drop a PDF report or a saved article on this page. You can search it and ask about it as soon as it is
      ready.
      <DemoHint />
    </Empty>
  );
}
