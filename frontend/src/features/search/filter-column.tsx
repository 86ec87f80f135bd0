import { Problem, Skeleton } from "@/components/ui/states";
import type { QueryPart } from "@/lib/api-types";
import { FACETS, type FilterParams } from "@/lib/search-params";
import { CountNote } from "./count-note";
import { DateFilter } from "./date-filter";
import { FacetGroup } from "./facet-group";
import { useFacets } from "./use-search";

/** What narrows the search: date, source, language, type, each value with how many results it would give. */
export function FilterColumn({
  query,
  filters,
  parts = [],
  ready = true,
  onFilters,
  onQuery,
}: {
  query?: string | undefined;
  filters: FilterParams;
  /** The pieces of the query that are filters too. */
  parts?: readonly QueryPart[];
  /** The results are there: counting waits for them. */
  ready?: boolean;
  onFilters: (filters: FilterParams) => void;
  onQuery?: ((query: string) => void) | undefined;
}) {
  const facets = useFacets({ q: query, ...filters }, ready);
  return (
    <>
      <DateFilter filters={filters} onFilters={onFilters} />
      {facets.data ? (
        <div className="relative">
          {FACETS.some((facet) => facets.data[facet].length > 0) && <CountNote query={query} />}
          {FACETS.map((facet) => (
            <FacetGroup
              key={facet}
              facet={facet}
              values={facets.data[facet]}
              filters={filters}
              parts={parts}
              onFilters={onFilters}
              onQuery={onQuery}
            />
          ))}
        </div>
      ) : facets.error ? (
        <Problem error={facets.error} onRetry={() => void facets.refetch()} />
      ) : (
        <Skeleton lines={8} className="border-t border-rule pt-4" />
      )}
    </>
  );
}
