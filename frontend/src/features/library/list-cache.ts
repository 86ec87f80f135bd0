import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
} from "@tanstack/react-query";
import { documentsList } from "@/client";
import type { TidingsDocument } from "@/lib/api-types";
import { type LibraryParams, toSelection } from "./library-params";

interface Page {
  data: TidingsDocument[];
  next_cursor: string | null;
}

const PAGE = 25;

/** The documents of the library, newest first, one page at a time. */
export const documentsQuery = (params: LibraryParams) =>
  infiniteQueryOptions({
    queryKey: ["documents", params],
    queryFn: async ({ signal, pageParam }) => {
      const { status, folder, tag } = toSelection(params);
      const query = { limit: PAGE, status, folder, tag, ...(pageParam && { cursor: pageParam }) };
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
