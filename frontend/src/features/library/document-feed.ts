import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { documentQuery, refreshLists, textQuery } from "@/features/documents/queries";
import { announce } from "@/lib/announce";
import type { TidingsDocument } from "@/lib/api-types";
import { followEvents } from "@/lib/event-feed";
import { updateListed } from "./list-cache";
import { documentsUnderWay, noteStage } from "./uploads";

interface StageEvent {
  document_id: string;
  stage: string;
  document: TidingsDocument | null;
}

const REFRESH_MS = 1_500;
// Steps after which lists and counts are others.
const SETTLING = new Set(["received", "ready", "failed", "paused", "cancelled"]);

/** Follow the tenant's documents while the app is open: rows, readers and counts change by themselves. */
export function useDocumentFeed(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Many documents may become ready in one second; the lists ask again once for all of them.
    const refreshSoon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        refreshLists(queryClient);
      }, REFRESH_MS);
    };
    let before = false;
    const stop = followEvents("/v1/events", {
      onConnected: (connected) => {
        if (connected && before) catchUp(queryClient);
        before ||= connected;
      },
      onEvent: ({ event, data }) => {
        if (event !== "stage") return;
        const stage = readStage(data);
        if (stage) takeOver(queryClient, stage, refreshSoon);
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [queryClient]);
}

/** What happened while the page was in the background or the server away: resuming needs an event that was seen before. */
function catchUp(queryClient: QueryClient): void {
  refreshLists(queryClient);
  void queryClient.invalidateQueries({ queryKey: ["document"] });
  void queryClient.invalidateQueries({ queryKey: ["document-text"] });
  for (const id of documentsUnderWay()) {
    queryClient.fetchQuery({ ...documentQuery(id), staleTime: 0 }).then(
      (document) => noteStage(id, document.stage, document),
      // It was deleted meanwhile, or the server is away again and the next connection asks once more.
      () => undefined,
    );
  }
}

function takeOver(
  queryClient: QueryClient,
  { document_id, stage, document }: StageEvent,
  refreshSoon: () => void,
): void {
  noteStage(document_id, stage, document);
  const key = documentQuery(document_id).queryKey;
  if (document) {
    if (queryClient.getQueryData(key)) queryClient.setQueryData(key, document);
    updateListed(queryClient, document);
  } else {
    void queryClient.invalidateQueries({ queryKey: key });
  }
  if (stage === "searchable")
    void queryClient.invalidateQueries({ queryKey: textQuery(document_id).queryKey });
  if (SETTLING.has(stage) || stage === "searchable") refreshSoon();
  // Of a table's thousands of rows nobody wants to hear one by one.
  if (document?.parent_id) return;
  if (stage === "ready") announce(`${document?.title ?? "A document"} is ready`);
  if (stage === "failed") announce(`${document?.title ?? "A document"} could not be read`);
}

function readStage(data: string): StageEvent | null {
  try {
    const value = JSON.parse(data) as Partial<StageEvent>;
    if (typeof value.document_id !== "string" || typeof value.stage !== "string") return null;
    return { document_id: value.document_id, stage: value.stage, document: value.document ?? null };
  } catch {
    return null;
  }
}
