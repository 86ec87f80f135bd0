import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import {
  documentsCancel,
  documentsDelete,
  documentsGet,
  documentsPause,
  documentsResume,
  documentsRetry,
  documentsText,
  pagesBoxes,
  pagesList,
} from "@/client";
import { announce } from "@/lib/announce";
import type { TidingsDocument } from "@/lib/api-types";
import type { Span } from "@/lib/text-spans";

export const documentQuery = (documentId: string) =>
  queryOptions({
    queryKey: ["document", documentId],
    queryFn: async ({ signal }) => (await documentsGet({ path: { document_id: documentId }, signal })).data,
  });

export const textQuery = (documentId: string) =>
  queryOptions({
    queryKey: ["document-text", documentId],
    queryFn: async ({ signal }) => (await documentsText({ path: { document_id: documentId }, signal })).data,
  });

/** Everything that lists or counts documents asks again. */
export function refreshLists(queryClient: QueryClient): void {
  for (const key of [
    "documents",
    "folders",
    "tags",
    "search",
    "facets",
    "system-status",
    "sources",
    "source",
    "demo",
    "heartbeat",
    "saved-searches",
  ]) {
    void queryClient.invalidateQueries({ queryKey: [key] });
  }
}

export function useDeleteDocument(documentId: string, onDeleted?: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (withRows: boolean) =>
      documentsDelete({ path: { document_id: documentId }, query: { rows: withRows } }),
    onSuccess: () => {
      announce("Document deleted");
      for (const key of ["document-text", "document-pages", "document-boxes"])
        queryClient.removeQueries({ queryKey: [key, documentId] });
      void queryClient.invalidateQueries({ queryKey: ["document", documentId] });
      refreshLists(queryClient);
      onDeleted?.();
    },
  });
}

export function useRetryDocument(documentId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (password?: string) =>
      (await documentsRetry({ path: { document_id: documentId }, body: password ? { password } : {} })).data,
    onSuccess: (document) => takeOver(queryClient, document),
  });
}

export const pagesQuery = (documentId: string) =>
  queryOptions({
    queryKey: ["document-pages", documentId],
    queryFn: async ({ signal }) => (await pagesList({ path: { document_id: documentId }, signal })).data,
  });

/** Where a span of the text, in code points, stands on a page. */
export const boxesQuery = (documentId: string, number: number, { start, end }: Span) =>
  queryOptions({
    queryKey: ["document-boxes", documentId, number, start, end],
    queryFn: async ({ signal }) =>
      (await pagesBoxes({ path: { document_id: documentId, number }, query: { start, end }, signal })).data,
  });

const STEERING = { cancel: documentsCancel, pause: documentsPause, resume: documentsResume };
export type Steering = keyof typeof STEERING;

/** Stop reading a document, for good or for a while, or go on with it. */
export function useSteerDocument(documentId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (verb: Steering) => (await STEERING[verb]({ path: { document_id: documentId } })).data,
    onSuccess: (document) => takeOver(queryClient, document),
  });
}

function takeOver(queryClient: QueryClient, document: TidingsDocument): void {
  queryClient.setQueryData(documentQuery(document.id).queryKey, document);
  refreshLists(queryClient);
}
