import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  heartbeatGet,
  type SavedSearchResource,
  savedSearchesCreate,
  savedSearchesDelete,
  savedSearchesList,
  savedSearchesUpdate,
  searchPost,
} from "@/client";
import { announce } from "@/lib/announce";
import type { SearchFilters } from "@/lib/api-types";
import { toApiFilters } from "@/lib/search-params";

export type SavedSearch = SavedSearchResource;

const PAGE = 20;
const SHOWN_SAVED = 50;
const BEAT_MS = 30_000;
const savedKey = ["saved-searches"] as const;

/** The newest documents, copies folded: those of outlets, or uploads too. Its key makes it follow the library. */
export function useNewest(everything: boolean) {
  const filters: SearchFilters = { ...toApiFilters({}), not_source: everything ? [] : ["upload"] };
  return useInfiniteQuery({
    queryKey: ["search", "today", everything],
    queryFn: async ({ signal, pageParam }) =>
      (
        await searchPost({
          body: { query: "", filters, sort: "newest", limit: PAGE, cursor: pageParam },
          signal,
        })
      ).data,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** How news comes in; asked again now and then, and whenever a document becomes ready. */
export function useHeartbeat() {
  return useQuery({
    queryKey: ["heartbeat"],
    queryFn: async ({ signal }) => (await heartbeatGet({ signal })).data,
    refetchInterval: BEAT_MS,
  });
}

const utcOffset = () => -new Date().getTimezoneOffset();

/** The searches this person keeps, each with how much is new in it. */
export function useSavedSearches() {
  return useQuery({
    queryKey: savedKey,
    queryFn: async ({ signal }) =>
      (await savedSearchesList({ query: { limit: SHOWN_SAVED, utc_offset: utcOffset() }, signal })).data,
  });
}

export function useSaveSearch(onSaved: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (body: { name: string; query: string; filters: SearchFilters }) =>
      (await savedSearchesCreate({ body })).data,
    onSuccess: ({ name }) => {
      void queryClient.invalidateQueries({ queryKey: savedKey });
      announce(`“${name}” is saved and stands on Today`);
      onSaved();
    },
  });
}

export function useChangeSaved() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, ...body }: { id: string; name?: string; seen?: boolean }) =>
      (await savedSearchesUpdate({ path: { saved_search_id: id }, body })).data,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: savedKey }),
  });
}

export function useDeleteSaved() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => savedSearchesDelete({ path: { saved_search_id: id } }),
    onSuccess: () => {
      announce("Saved search deleted");
      return queryClient.invalidateQueries({ queryKey: savedKey });
    },
  });
}
