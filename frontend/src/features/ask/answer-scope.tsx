import { FilterChips } from "@/features/search/filter-chips";
import type { QueryPart, SearchFilters } from "@/lib/api-types";
import { fromApiFilters, toApiFilters } from "@/lib/search-params";

interface AnswerScopeProps {
  filters: SearchFilters;
  /** Asks the same of more. */
  onWider: (filters: SearchFilters) => void;
}

/** What part of the library an answer was asked of, each filter with its way out. */
export function AnswerScope({ filters, onWider }: AnswerScopeProps) {
  const words = (["phrases", "not_phrases"] as const).flatMap((list) =>
    (filters[list] ?? []).map((value): QueryPart & { list: typeof list } => ({
      ...{ kind: "phrase", value, excluded: list === "not_phrases", after: null, before: null, list },
      without: `${list} ${value}`,
    })),
  );
  return (
    <FilterChips
      label="Asked only of"
      filters={fromApiFilters(filters)}
      parts={words}
      onFilters={(next) =>
        onWider({
          ...toApiFilters(next),
          phrases: filters.phrases ?? [],
          not_phrases: filters.not_phrases ?? [],
        })
      }
      onQuery={(removed) => {
        const keep = (list: "phrases" | "not_phrases") =>
          (filters[list] ?? []).filter((value) => `${list} ${value}` !== removed);
        onWider({ ...filters, phrases: keep("phrases"), not_phrases: keep("not_phrases") });
      }}
    />
  );
}
