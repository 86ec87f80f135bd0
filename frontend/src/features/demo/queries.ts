import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { demoGet, demoLoad, demoRemove } from "@/client";
import { refreshLists } from "@/features/documents/queries";
import { announce } from "@/lib/announce";

const POLL_MS = 500;

const demoQuery = queryOptions({
  queryKey: ["demo"],
  queryFn: async ({ signal }) => (await demoGet({ signal })).data,
  refetchInterval: ({ state }) => (state.data && state.data.working > 0 ? POLL_MS : false),
});

/** How much of the demo is there; asked again and again while it is being read. */
export const useDemo = () => useQuery(demoQuery);

/** Bring the demo in, and go where its questions are. */
export function useLoadDemo() {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async () => (await demoLoad()).data,
    onSuccess: async (demo) => {
      queryClient.setQueryData(demoQuery.queryKey, demo);
      announce("The demo is being read");
      await navigate({ to: "/ask", search: {} });
      refreshLists(queryClient);
    },
  });
}

/** Take out again what came with it. */
export function useRemoveDemo() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async () => (await demoRemove()).data,
    onSuccess: (demo) => {
      queryClient.setQueryData(demoQuery.queryKey, demo);
      announce("The demo is removed");
      refreshLists(queryClient);
    },
  });
}
