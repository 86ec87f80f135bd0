import {
  keepPreviousData,
  useInfiniteQuery,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { facetsGet, searchPost } from "@/client";
import { useSystemStatus } from "@/features/shell/system-status";
import type { SearchFilters } from "@/lib/api-types";
import { type FilterParams, readFilters, type SearchParams, toApiFilters } from "@/lib/search-params";

const PAGE = 20;

interface Asked {
  query: string;
  filters: SearchFilters;
  sort: "best" | "newest";
}

const askedFor = (params: SearchParams): Asked => ({
  query: params.q?.trim() ?? "",
  filters: toApiFilters(readFilters({ ...params })),
  sort: params.sort ?? "best",
});

/** The results for an address. Old ones stay until the new ones are there; a newer request cancels an older one. */
export function useSearch(params: SearchParams) {
  const asked = askedFor(params);
  return useInfiniteQuery({
    queryKey: ["search", asked],
    queryFn: async ({ signal, pageParam }) =>
      (await searchPost({ body: { ...asked, limit: PAGE, cursor: pageParam }, signal })).data,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** How many documents each value would give, with the other filters applied. */
export function useFacets(params: FilterParams) {
  const query = toApiFilters(params);
  return useQuery({
    queryKey: ["facets", query],
    queryFn: async ({ signal }) => (await facetsGet({ query, signal })).data,
    placeholderData: keepPreviousData,
  });
}

/** How many results each alternative address would give. */
export function useAlternatives(alternatives: readonly SearchParams[]) {
  return useQueries({
    queries: alternatives.map((params) => {
      const asked = askedFor(params);
      return {
        queryKey: ["search-count", asked],
        queryFn: async ({ signal }: { signal: AbortSignal }) =>
          (await searchPost({ body: { ...asked, limit: 1 }, signal })).data.total,
      };
    }),
  });
}

/** Ask again, in place, when meaning-based search becomes ready. Returns whether it is still starting. */
export function useUpgradeWhenReady(): boolean {
  const queryClient = useQueryClient();
  const mode = useSystemStatus()?.search_mode;
  const before = useRef(mode);
  useEffect(() => {
    if (before.current === "keyword" && mode === "hybrid")
      void queryClient.invalidateQueries({ queryKey: ["search"] });
    before.current = mode;
  }, [mode, queryClient]);
  return mode === "keyword";
}
