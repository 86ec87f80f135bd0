import { type RefObject, useRef } from "react";
import { Button } from "@/components/ui/button";
import { Empty, Notice, Problem, Skeleton } from "@/components/ui/states";
import { useMayWrite } from "@/features/auth/session";
import type { NewsSource } from "@/lib/api-types";
import { useCommand } from "@/lib/commands/commands";
import { cx } from "@/lib/cx";
import { number, plural } from "@/lib/format";
import { FilterBar } from "./filter-bar";
import type { SourceActs } from "./mutations";
import type { useSources } from "./queries";
import { type FolderGroup, filterSources, groupByFolder, type SourceFilters } from "./source-params";
import { COLUMNS, SourceRow } from "./source-row";

interface SourceListProps {
  sources: ReturnType<typeof useSources>;
  filters: SourceFilters;
  onFilters: (filters: SourceFilters) => void;
}

/** The sources that fit the filters, by folder. */
export function SourceList({ sources: { list, rows, total }, filters, onFilters }: SourceListProps) {
  const focused = useRef<SourceActs>(null);
  const mayWrite = useMayWrite();
  // A row must have the focus: the keys never act on something that is not looked at.
  const onRow = (act: "run" | "pause") => () => {
    if (document.activeElement?.closest("[data-source-list] li")) focused.current?.[act]();
  };
  useCommand("sources.run", onRow("run"), mayWrite);
  useCommand("sources.pause", onRow("pause"), mayWrite);
  const shown = filterSources(rows, filters);
  const missing = total - rows.length;
  return (
    <>
      <FilterBar rows={rows} filters={filters} onFilters={onFilters} />
      <div className="nums mt-3 text-xs text-muted">
        <span role="status">
          {shown.length === rows.length && missing <= 0
            ? plural(total, "source")
            : `${number(shown.length)} of ${plural(total, "source")}`}
        </span>
        <Troubled rows={rows} filters={filters} onFilters={onFilters} />
      </div>
      {list.error && <Problem error={list.error} onRetry={() => void list.refetch()} className="mt-4" />}
      {missing > 0 && (
        <div className="mt-3">
          <Notice
            action={
              !list.isFetchingNextPage && (
                <Button size="small" onClick={() => void list.fetchNextPage()}>
                  Load more
                </Button>
              )
            }
          >
            {number(rows.length)} of {number(total)} sources are loaded; filters look at these only.
          </Notice>
        </div>
      )}
      {shown.length === 0 && rows.length > 0 && (
        <Empty
          title="No source fits these filters"
          action={<Button onClick={() => onFilters({})}>Show all {plural(rows.length, "source")}</Button>}
        />
      )}
      <div data-source-list="">
        {groupByFolder(shown).map((group, index) => (
          <Folder key={group.folder ?? ""} group={group} first={index === 0} focused={focused} />
        ))}
      </div>
    </>
  );
}

const TROUBLE_WORDS = {
  failing: { words: "failing", look: "text-failure" },
  look: { words: "to look at", look: "text-warning" },
} as const;

/** How many need somebody, each count the way to them. */
function Troubled({ rows, filters, onFilters }: Omit<SourceListProps, "sources"> & { rows: NewsSource[] }) {
  return (["failing", "look"] as const).map((trouble) => {
    const { words, look } = TROUBLE_WORDS[trouble];
    const chosen = filters.trouble === trouble;
    const count = filterSources(rows, { ...filters, trouble }).length;
    if (count === 0 && !chosen) return null;
    return (
      <button
        key={trouble}
        type="button"
        aria-pressed={chosen}
        onClick={() => onFilters({ ...filters, trouble: chosen ? undefined : trouble })}
        className={cx(
          "ml-3 hover:underline pointer-coarse:min-h-11",
          look,
          chosen && "font-semibold underline",
        )}
      >
        {number(count)} {words}
      </button>
    );
  });
}

interface FolderProps {
  group: FolderGroup;
  first: boolean;
  focused: RefObject<SourceActs | null>;
}

function Folder({ group: { folder, rows }, first, focused }: FolderProps) {
  const name = folder ?? "No folder";
  return (
    <section className={first ? "mt-4" : "mt-8"} aria-label={name}>
      <div className={cx("flex items-baseline gap-2 border-b border-ink pb-1.5", COLUMNS)}>
        <h2 className="min-w-0 truncate font-serif text-sm font-semibold">
          {name}
          <span className="nums ml-2 font-sans text-xs font-normal text-muted">{number(rows.length)}</span>
        </h2>
        {["Status", "Items a day", "Last success", "Next visit"].map((label, index) => (
          <span
            key={label}
            aria-hidden
            className={cx(
              "text-xs text-muted max-md:hidden",
              index > 0 && "text-right",
              !first && "invisible",
            )}
          >
            {label}
          </span>
        ))}
      </div>
      <ul>
        {rows.map((source) => (
          <SourceRow key={source.id} source={source} focused={focused} />
        ))}
      </ul>
    </section>
  );
}

export function ListLoading() {
  return <Skeleton lines={12} className="mt-8" />;
}
