import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
} from "@tanstack/react-query";
import { documentsList } from "@/client";
import type { TidingsDocument } from "@/lib/api-types";

export const STATUSES = ["ready", "processing", "failed"] as const;
export type ListedStatus = (typeof STATUSES)[number];

interface Page {
  data: TidingsDocument[];
  next_cursor: string | null;
}

const PAGE = 25;

/** The documents of the library, newest first, one page at a time. */
export const documentsQuery = (status: ListedStatus | undefined) =>
  infiniteQueryOptions({
    queryKey: ["documents", { status: status ?? null }],
    queryFn: async ({ signal, pageParam }) => {
      const query = { limit: PAGE, ...(status && { status }), ...(pageParam && { cursor: pageParam }) };
      return (await documentsList({ query, signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });

/** Put a newer state of a document into every list that shows it. */
export function updateListed(queryClient: QueryClient, document: TidingsDocument): void {
  queryClient.setQueriesData<InfiniteData<Page>>({ queryKey: ["documents"] }, (list) => {
    if (!list?.pages.some((page) => page.data.some((row) => row.id === document.id))) return list;
    return {
      ...list,
      pages: list.pages.map((page) => ({
        ...page,
        data: page.data.map((row) => (row.id === document.id ? document : row)),
      })),
    };
  });
}
