/** The one set-up of the generated client, and of the cache in front of it. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { client } from "@/client/client.gen";
import { ApiProblem, isUnauthenticated, toProblem } from "./problem";

client.setConfig({ baseUrl: "", throwOnError: true, credentials: "same-origin" });
client.interceptors.error.use((error, response) => toProblem(error, response));

let onSignedOut: () => void = () => undefined;

/** What to do when the server no longer knows who is asking. Set once by the router. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

/** Report an error of a request made outside the query cache (uploads, streams). */
export function noticeSignedOut(error: unknown): void {
  if (isUnauthenticated(error)) onSignedOut();
}

function worthRetrying(failures: number, error: Error): boolean {
  return (
    failures < 1 &&
    error instanceof ApiProblem &&
    (error.status === 0 || error.status === 502 || error.status === 504)
  );
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (query.meta?.mayBeSignedOut !== true) noticeSignedOut(error);
    },
  }),
  defaultOptions: {
    queries: { staleTime: 30_000, gcTime: 5 * 60_000, retry: worthRetrying, refetchOnWindowFocus: false },
    mutations: { onError: noticeSignedOut },
  },
});
