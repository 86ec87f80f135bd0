import {
  keepPreviousData,
  useInfiniteQuery,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { facetsCount, histogramCount, searchPost, suggestionsGet } from "@/client";
import { useSystemStatus } from "@/features/shell/system-status";
import type { SearchFilters, SearchPage } from "@/lib/api-types";
import { readFilters, type SearchParams, stringifySearch, toApiFilters } from "@/lib/search-params";

const PAGE = 20;

interface Asked {
  query: string;
  filters: SearchFilters;
  sort: "best" | "newest";
  utc_offset: number;
}

/** Minutes east of UTC: where "yesterday" begins. */
const utcOffset = () => -new Date().getTimezoneOffset();

const askedFor = (params: SearchParams): Asked => ({
  query: params.q?.trim() ?? "",
  filters: toApiFilters(readFilters({ ...params })),
  sort: params.sort ?? "best",
  utc_offset: utcOffset(),
});

/** What decides what is found, whatever its order. */
const counted = ({ query, filters, utc_offset }: Asked) => ({ query, filters, utc_offset });

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

/** How many results each value would give, with the other filters applied. */
export function useFacets(params: SearchParams, ready: boolean) {
  const body = counted(askedFor(params));
  return useQuery({
    queryKey: ["facets", body],
    queryFn: async ({ signal }) => (await facetsCount({ body, signal })).data,
    placeholderData: keepPreviousData,
    enabled: ready,
  });
}

/** How many results were published when. */
export function useHistogram(params: SearchParams, ready: boolean) {
  const body = counted(askedFor(params));
  return useQuery({
    queryKey: ["histogram", body],
    queryFn: async ({ signal }) => (await histogramCount({ body, signal })).data,
    placeholderData: keepPreviousData,
    enabled: ready,
  });
}

/** The query with its misspelt words put right, asked for only where no result has all of its words. */
export function useSuggestion(q: string | undefined, page: SearchPage | undefined): string | null {
  const complete = page === undefined || page.data.some((hit) => hit.explain.lexical === 1);
  const { data } = useQuery({
    queryKey: ["suggestion", q],
    queryFn: async ({ signal }) => (await suggestionsGet({ query: { q: q ?? "" }, signal })).data.query,
    enabled: Boolean(q) && !complete,
  });
  return (!complete && data) || null;
}

/** Where the results can be downloaded from. */
export function exportAddress(params: SearchParams, format: "csv" | "json" | "rss"): string {
  const { query, filters, ...rest } = askedFor(params);
  return `/v1/search/export${stringifySearch({ format, q: query, ...filters, ...rest })}`;
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
