import { queryOptions, useQuery } from "@tanstack/react-query";
import { systemStatusGet } from "@/client";
import type { SystemStatus } from "@/lib/api-types";
import { cx } from "@/lib/cx";
import { number, plural } from "@/lib/format";

const WARMING_POLL_MS = 2_000;
const READY_POLL_MS = 60_000;

export const statusQuery = queryOptions({
  queryKey: ["system-status"],
  queryFn: async ({ signal }) => (await systemStatusGet({ signal })).data,
  staleTime: 1_000,
  refetchInterval: (query) => (isSettled(query.state.data) ? READY_POLL_MS : WARMING_POLL_MS),
});

/** Nothing is about to change by itself: the embedder is ready, or switched off. */
export function isSettled(status: SystemStatus | undefined): boolean {
  return status !== undefined && status.embedder.state !== "warming" && status.status !== "warming";
}

export const useSystemStatus = () => useQuery(statusQuery).data;

function sentence(status: SystemStatus): string {
  if (status.embedder.state === "warming") return "Meaning search is starting";
  if (status.search_mode === "keyword") return "Keyword search only";
  if (status.status !== "ready") return "Some parts are not available";
  return "All parts ready";
}

/** One quiet line about the server: how much it holds and whether every part works. */
export function Heartbeat() {
  const status = useSystemStatus();
  if (!status) return null;
  const well = status.status === "ready" && status.search_mode === "hybrid";
  const text = sentence(status);
  return (
    <div
      className="mb-3 flex items-start gap-2 border-b border-rule pb-3 text-muted max-lg:justify-center"
      title={text}
    >
      <span
        className={cx("mt-1.5 size-1.5 shrink-0 rounded-full", well ? "bg-accent" : "bg-warning")}
        aria-hidden
      />
      <span className="nums max-lg:sr-only">
        <span className="block">{plural(status.documents.ready, "document")}</span>
        {status.documents.working > 0 && (
          <span className="block">{number(status.documents.working)} being read</span>
        )}
        <span className="block">{text}</span>
      </span>
    </div>
  );
}
