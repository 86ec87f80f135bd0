import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useInfiniteQuery,
} from "@tanstack/react-query";
import { useEffect } from "react";
import {
  type PageSourceOut,
  sourceItemsList,
  sourceRunsList,
  sourcesGet,
  sourcesHealth,
  sourcesList,
} from "@/client";
import type { NewsSource } from "@/lib/api-types";
import type { ItemState } from "./words";

const PAGE = 100;
const LEDGER_PAGE = 25;
const VISITS_PAGE = 10;
/** Past so many the rest is loaded when somebody asks for it. */
const LOADED_BY_ITSELF = 1_000;
const BUSY_POLL_MS = 2_500;
const QUIET_POLL_MS = 30_000;
const SOON_MS = 15_000;

let busyUntil = 0;

/** Sources being removed or gone: nothing asks for them again, whatever refreshes everything. */
const removed = new Set<string>();

/** From now on nobody asks for this source. Called before it is removed, undone with `false` when that fails. */
export function markRemoved(sourceId: string, gone = true): void {
  if (gone) removed.add(sourceId);
  else removed.delete(sourceId);
}

const unlessRemoved = (sourceId: string) => () => !removed.has(sourceId);

/** Something was just asked for; look often until it shows. */
export function expectChange(): void {
  busyUntil = Date.now() + SOON_MS;
}

const pollMs = (running: boolean, pages = 1) =>
  running || Date.now() < busyUntil ? BUSY_POLL_MS * pages : QUIET_POLL_MS * pages;

const isRunning = (source: NewsSource) => source.status === "running";

/** All sources by title. Filters work on what is loaded, so that they answer at once and can count. */
export const sourcesQuery = infiniteQueryOptions({
  queryKey: ["sources"],
  queryFn: async ({ signal, pageParam }): Promise<PageSourceOut> => {
    const query = { limit: PAGE, ...(pageParam && { cursor: pageParam }) };
    return (await sourcesList({ query, signal })).data;
  },
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor,
  refetchInterval: ({ state }) => {
    const pages = state.data?.pages ?? [];
    return pollMs(
      pages.some((page) => page.data.some(isRunning)),
      Math.max(1, pages.length),
    );
  },
});

/** The sources, page after page until all are there. */
export function useSources() {
  const list = useInfiniteQuery(sourcesQuery);
  const { hasNextPage, isFetching, fetchNextPage, data, error } = list;
  const rows = data?.pages.flatMap((page) => page.data) ?? [];
  const goesOn = hasNextPage && !isFetching && !error && rows.length < LOADED_BY_ITSELF;
  useEffect(() => {
    if (goesOn) void fetchNextPage();
  }, [goesOn, fetchNextPage]);
  return { list, rows, total: data?.pages.at(-1)?.total?.value ?? rows.length };
}

export const sourceQuery = (sourceId: string) =>
  queryOptions({
    queryKey: ["source", sourceId],
    enabled: unlessRemoved(sourceId),
    queryFn: async ({ signal }) => (await sourcesGet({ path: { source_id: sourceId }, signal })).data,
    refetchInterval: ({ state }) => pollMs(state.data ? isRunning(state.data) : false),
  });

export const healthQuery = (sourceId: string) =>
  queryOptions({
    queryKey: ["source", sourceId, "health"],
    enabled: unlessRemoved(sourceId),
    queryFn: async ({ signal }) => (await sourcesHealth({ path: { source_id: sourceId }, signal })).data,
  });

export const ledgerQuery = (sourceId: string, state: ItemState | undefined) =>
  infiniteQueryOptions({
    queryKey: ["source", sourceId, "items", state ?? null],
    enabled: unlessRemoved(sourceId),
    queryFn: async ({ signal, pageParam }) => {
      const query = { limit: LEDGER_PAGE, ...(state && { state }), ...(pageParam && { cursor: pageParam }) };
      return (await sourceItemsList({ path: { source_id: sourceId }, query, signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });

export const visitsQuery = (sourceId: string) =>
  infiniteQueryOptions({
    queryKey: ["source", sourceId, "runs"],
    enabled: unlessRemoved(sourceId),
    queryFn: async ({ signal, pageParam }) => {
      const query = { limit: VISITS_PAGE, ...(pageParam && { cursor: pageParam }) };
      return (await sourceRunsList({ path: { source_id: sourceId }, query, signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** One source and all that is shown of it asks again; the list too. */
export function refreshSource(queryClient: QueryClient, sourceId?: string): void {
  void queryClient.invalidateQueries({ queryKey: ["sources"] });
  void queryClient.invalidateQueries({ queryKey: sourceId ? ["source", sourceId] : ["source"] });
}

/** Put a newer state of a source wherever it is shown. */
export function showSource(queryClient: QueryClient, source: NewsSource): void {
  queryClient.setQueryData(sourceQuery(source.id).queryKey, source);
  queryClient.setQueryData<InfiniteData<PageSourceOut, string | null>>(sourcesQuery.queryKey, (list) =>
    list
      ? {
          ...list,
          pages: list.pages.map((page) => ({
            ...page,
            data: page.data.map((row) => (row.id === source.id ? source : row)),
          })),
        }
      : list,
  );
}
