import { Link } from "@tanstack/react-router";
import { buttonClass } from "@/components/ui/button";
import { Empty } from "@/components/ui/states";
import { DemoHint, LoadDemo } from "@/features/demo/load-demo";
import type { QueryPart } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { readFilters, type SearchParams } from "@/lib/search-params";
import { activeFilters, partLabel } from "./filter-words";
import { useAlternatives } from "./use-search";

const OFFERED = 5;

interface NoResultsProps {
  params: SearchParams;
  /** The pieces of the query that are filters. */
  parts: readonly QueryPart[];
  /** The query without them. */
  words: string;
  onSearch: (search: SearchParams) => void;
}

/** Nothing fits: says what each way out would give. An empty library gets its first action instead. */
export function NoResults({ params, parts, words, onSearch }: NoResultsProps) {
  const { q } = params;
  const filters = readFilters({ ...params });
  const active = [
    ...parts.map((part) => ({
      key: part.without,
      label: partLabel(part),
      without: { ...filters, q: part.without },
    })),
    ...activeFilters(filters).map(({ key, label, without }) => ({ key, label, without: { ...without, q } })),
  ];
  const all = { key: "all", label: "", without: { q: words || undefined } };
  const drops = [...active.slice(0, OFFERED), ...(active.length > 1 ? [all] : [])];
  const totals = useAlternatives(drops.map(({ without }) => without));
  if (!params.q && drops.length === 0) {
    return (
      <Empty
        title="The library is empty"
        action={
          <>
            <Link to="/library" className={buttonClass("primary")}>
              Add the first document
            </Link>
            <LoadDemo />
          </>
        }
      >
        Add a file, a web address or some text. It can be searched as soon as it is read.
        <DemoHint />
      </Empty>
    );
  }
  return (
    <Empty title={params.q ? `No results for “${params.q}”` : "No document passes these filters"}>
      {drops.length === 0 ? (
        <p>
          Try fewer or other words. Names and numbers are matched as written, other words also by their
          meaning.
        </p>
      ) : (
        <ul className="mt-4 space-y-2">
          {drops.map(({ key, label, without }, index) => {
            const total = totals[index]?.data;
            if (total?.value === 0) return null;
            const quoted = label.includes("“") ? label : `“${label}”`;
            const what = label ? `the filter ${quoted}` : "any filter";
            return (
              <li key={key}>
                <button type="button" className="link" onClick={() => onSearch(without)}>
                  {total ? `${plural(total.value, "result")} without ${what}` : `Search without ${what}`}
                </button>
              </li>
            );
          })}
          {totals.every((total) => total.data?.value === 0) && (
            <li>Without the filters there is nothing either. Try other words.</li>
          )}
        </ul>
      )}
    </Empty>
  );
}
