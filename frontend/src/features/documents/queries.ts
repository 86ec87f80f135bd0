import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { documentsDelete, documentsGet, documentsRetry, documentsText } from "@/client";
import { announce } from "@/lib/announce";

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
  for (const key of ["documents", "search", "facets", "system-status", "sources", "source"]) {
    void queryClient.invalidateQueries({ queryKey: [key] });
  }
}

export function useDeleteDocument(documentId: string, onDeleted?: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => documentsDelete({ path: { document_id: documentId } }),
    onSuccess: () => {
      announce("Document deleted");
      queryClient.removeQueries({ queryKey: ["document-text", documentId] });
      void queryClient.invalidateQueries({ queryKey: ["document", documentId] });
      refreshLists(queryClient);
      onDeleted?.();
    },
  });
}

export function useRetryDocument(documentId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async () => (await documentsRetry({ path: { document_id: documentId } })).data,
    onSuccess: (document) => {
      queryClient.setQueryData(documentQuery(documentId).queryKey, document);
      refreshLists(queryClient);
    },
  });
}
