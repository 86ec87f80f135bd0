import { Problem, Skeleton } from "@/components/ui/states";
import { FACETS, type FilterParams } from "@/lib/search-params";
import { DateFilter } from "./date-filter";
import { FacetGroup } from "./facet-group";
import { useFacets } from "./use-search";

/** What narrows the search: date, source, language, type, each value with its count. */
export function FilterColumn({
  filters,
  onFilters,
}: {
  filters: FilterParams;
  onFilters: (filters: FilterParams) => void;
}) {
  const facets = useFacets(filters);
  return (
    <>
      <DateFilter filters={filters} onFilters={onFilters} />
      {facets.data ? (
        FACETS.map((facet) => (
          <FacetGroup
            key={facet}
            facet={facet}
            values={facets.data[facet]}
            filters={filters}
            onFilters={onFilters}
          />
        ))
      ) : facets.error ? (
        <Problem error={facets.error} onRetry={() => void facets.refetch()} />
      ) : (
        <Skeleton lines={8} className="border-t border-rule pt-4" />
      )}
    </>
  );
}
