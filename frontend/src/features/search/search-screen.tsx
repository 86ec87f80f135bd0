import { useNavigate } from "@tanstack/react-router";
import { SlidersHorizontal } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Problem, Skeleton } from "@/components/ui/states";
import { Inspector } from "@/features/documents/inspector";
import type { ReaderFocus } from "@/features/documents/reader-text";
import { announce } from "@/lib/announce";
import type { Hit } from "@/lib/api-types";
import { useCommand } from "@/lib/commands/commands";
import { plural } from "@/lib/format";
import {
  countFilters,
  type FilterParams,
  readFilters,
  readSearch,
  type SearchParams,
} from "@/lib/search-params";
import { useStalled } from "@/lib/use-debounced";
import { useWide } from "@/lib/use-media";
import { useTitle } from "@/lib/use-title";
import { DidYouMean } from "./did-you-mean";
import { FilterChips } from "./filter-chips";
import { FilterColumn } from "./filter-column";
import { HistogramStrip } from "./histogram-strip";
import { NoResults } from "./no-results";
import { Results } from "./results";
import { ResultsHeader } from "./results-header";
import { SearchBox } from "./search-box";
import { useSearch, useSuggestion, useUpgradeWhenReady } from "./use-search";

/** Filters on the left, results in the middle, the selected document on the right where there is room. */
export function SearchScreen({ params }: { params: SearchParams }) {
  const navigate = useNavigate();
  const wide = useWide();
  const [sheet, setSheet] = useState(false);
  const column = useRef<HTMLElement>(null);
  const search = useSearch(params);
  const warming = useUpgradeWhenReady();
  const stalled = useStalled(search.isFetching && !search.isFetchingNextPage && search.isPlaceholderData);
  const settled = search.isSuccess && !search.isPlaceholderData;
  const filters = readFilters({ ...params });
  const first = search.data?.pages[0];
  const hits = uniqueHits(search.data?.pages.flatMap((page) => page.data) ?? []);
  const ranked = first !== undefined && first.mode !== "listing";
  const selected = hits.find((hit) => hit.document.id === params.doc) ?? (params.doc ? undefined : hits[0]);
  const selectedId = params.doc ?? selected?.document.id;
  const focus = useMemo(() => (ranked && selected ? focusOf(selected) : undefined), [ranked, selected]);
  const parts = first?.parts ?? [];
  const suggestion = useSuggestion(params.q, settled ? first : undefined);
  useTitle(params.q ? `${params.q} - Search` : "Search");

  const onQuery = useCallback(
    (q: string) =>
      void navigate({
        to: "/search",
        search: (old) => ({ ...readSearch(old), q: q || undefined, doc: undefined }),
        replace: true,
      }),
    [navigate],
  );
  const onFilters = (next: FilterParams) =>
    void navigate({ to: "/search", search: { q: params.q, sort: params.sort, ...next } });

  function onSelect(hit: Hit, how: "click" | "focus") {
    void navigate({
      to: "/search",
      search: (old) => ({ ...readSearch(old), doc: hit.document.id }),
      replace: true,
      resetScroll: false,
    });
    if (how === "click") document.getElementById("inspector")?.focus({ preventScroll: true });
  }

  useCommand("search.filters", () => {
    const inColumn = column.current?.offsetParent
      ? column.current.querySelector<HTMLElement>("button, input")
      : null;
    if (inColumn) inColumn.focus();
    else setSheet(true);
  });
  useCommand(
    "search.ask",
    () => void navigate({ to: "/ask", search: { q: first?.words || params.q } }),
    Boolean(params.q),
  );

  const total = search.isPlaceholderData ? undefined : first?.total?.value;
  useEffect(() => {
    if (total !== undefined) announce(total === 0 ? "No results" : plural(total, "result"));
  }, [total]);

  const count = countFilters(filters);
  const filterColumn = (
    <FilterColumn
      query={params.q}
      filters={filters}
      parts={parts}
      ready={settled}
      onFilters={onFilters}
      onQuery={onQuery}
    />
  );
  return (
    <div className="lg:grid lg:grid-cols-[14rem_minmax(0,1fr)] xl:grid-cols-[14rem_minmax(0,1fr)_minmax(26rem,42%)]">
      <h1 className="sr-only">Search</h1>
      <aside
        ref={column}
        aria-label="Filters"
        className="sticky top-0 hidden h-dvh overflow-y-auto px-4 pt-4 lg:block"
      >
        <p className="eyebrow mb-2.5 flex h-10 items-center">Filters</p>
        {filterColumn}
      </aside>
      <section aria-label="Results" className="min-w-0 border-rule lg:border-x">
        <div className="sticky top-0 z-20 bg-paper">
          <div className="flex gap-2 px-4 pt-4 pb-2 md:px-5">
            <SearchBox query={params.q ?? ""} onQuery={onQuery} />
            <Button className="h-10 lg:hidden" onClick={() => setSheet(true)}>
              <SlidersHorizontal size={16} aria-hidden />
              <span className="max-sm:sr-only">Filters</span>
              {count > 0 && <span className="nums">{count}</span>}
            </Button>
          </div>
          {count + parts.length > 0 && (
            <div className="px-4 pb-1 md:px-5">
              <FilterChips filters={filters} parts={parts} onFilters={onFilters} onQuery={onQuery} />
            </div>
          )}
          <ResultsHeader
            first={first}
            shown={hits.length}
            params={params}
            stalled={stalled}
            warming={warming}
            onSort={(sort) => void navigate({ to: "/search", search: { ...params, sort, doc: undefined } })}
          />
          <div className="border-b border-rule" />
        </div>
        {search.error && (
          <Problem error={search.error} onRetry={() => void search.refetch()} className="m-4" />
        )}
        {search.isPending && <FirstPaint />}
        {suggestion && <DidYouMean query={suggestion} onQuery={onQuery} />}
        <HistogramStrip params={params} ready={settled} onFilters={onFilters} />
        {first && hits.length === 0 && !search.isPlaceholderData && (
          <NoResults
            params={params}
            parts={parts}
            words={first.words}
            onSearch={(next) => void navigate({ to: "/search", search: { ...next, sort: params.sort } })}
          />
        )}
        <Results
          hits={hits}
          selectedId={wide ? selectedId : undefined}
          ranked={ranked}
          byDay={first?.mode === "listing" || params.sort === "newest"}
          dimmed={stalled}
          onSelect={wide ? onSelect : undefined}
          onMore={search.hasNextPage ? () => void search.fetchNextPage() : undefined}
          loadingMore={search.isFetchingNextPage}
        />
      </section>
      {wide && <Inspector documentId={selectedId} focus={focus} />}
      <Dialog
        open={sheet}
        onOpenChange={setSheet}
        title="Filters"
        as="sheet"
        footer={
          <Button look="primary" className="w-full" onClick={() => setSheet(false)}>
            {total === undefined ? "Show results" : `Show ${plural(total, "result")}`}
          </Button>
        }
      >
        {filterColumn}
      </Dialog>
    </div>
  );
}

/** The passage that matched, with the words that matched in all passages of the document. */
function focusOf({ passage, more_passages }: Hit): ReaderFocus {
  const words = [passage, ...more_passages].flatMap(({ start, highlights }) =>
    highlights.map((word) => ({ start: start + word.start, end: start + word.end })),
  );
  return { start: passage.start, end: passage.end, ...(words.length > 0 && { words }) };
}

/** A page loaded later may repeat a document that moved down meanwhile. */
function uniqueHits(hits: readonly Hit[]): Hit[] {
  return [...new Map(hits.map((hit) => [hit.document.id, hit])).values()];
}

function FirstPaint() {
  return (
    <div className="space-y-10 px-5 py-6">
      {["a", "b", "c", "d", "e"].map((key) => (
        <Skeleton key={key} lines={4} />
      ))}
    </div>
  );
}
