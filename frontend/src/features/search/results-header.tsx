import { Link } from "@tanstack/react-router";
import { Notice, ProgressLine } from "@/components/ui/states";
import { SwitchRow } from "@/components/ui/switch-row";
import type { SearchPage } from "@/lib/api-types";
import { number, plural, took } from "@/lib/format";
import { countFilters, readFilters, type SearchParams } from "@/lib/search-params";
import { ExportMenu } from "./export-menu";
import { SaveSearch } from "./save-search";

interface ResultsHeaderProps {
  first: SearchPage | undefined;
  shown: number;
  params: SearchParams;
  stalled: boolean;
  warming: boolean;
  onSort: (sort: "newest" | undefined) => void;
}

/** How many, how fast, in which order; and whether the results are only part of what will come. */
export function ResultsHeader({ first, shown, params, stalled, warming, onSort }: ResultsHeaderProps) {
  return (
    <>
      <div className="flex min-h-9 items-center gap-4 px-4 text-xs text-muted md:px-5">
        <p className="nums min-w-0 flex-1 truncate">{first && countText(first, shown)}</p>
        {params.q && (
          <Link to="/ask" search={{ q: first?.words || params.q }} className="link whitespace-nowrap">
            Ask this
          </Link>
        )}
        {(params.q || countFilters(readFilters({ ...params })) > 0) && <SaveSearch params={params} />}
        {shown > 0 && <ExportMenu params={params} />}
        {params.q && <SortSwitch sort={params.sort} onSort={onSort} />}
      </div>
      <ProgressLine active={stalled} />
      {first && (first.notice || first.mode === "keyword") && (
        <Notice>
          {first.notice ??
            (warming
              ? "Keyword results now; meaning-based search is ready in a moment."
              : "Keyword results only: meaning-based search is not available.")}
        </Notice>
      )}
    </>
  );
}

function countText({ total, took_ms, mode }: SearchPage, shown: number): string {
  const time = took_ms == null ? "" : ` - ${took(took_ms)}`;
  if (!total) return `${number(shown)} shown${time}`;
  if (total.value === 0) return `No results${time}`;
  const about = total.relation === "eq" ? "" : "about ";
  const what = mode === "listing" ? "Newest first: " : "";
  if (shown < total.value) return `${what}${number(shown)} of ${about}${number(total.value)}${time}`;
  return `${what}${plural(total.value, mode === "listing" ? "document" : "result")}${time}`;
}

const ORDERS = [
  { label: "Best", value: undefined },
  { label: "Newest", value: "newest" },
] as const;

function SortSwitch({
  sort,
  onSort,
}: {
  sort: "newest" | undefined;
  onSort: (sort: "newest" | undefined) => void;
}) {
  return <SwitchRow<"newest" | undefined> label="Order" choices={ORDERS} chosen={sort} onChoose={onSort} />;
}
