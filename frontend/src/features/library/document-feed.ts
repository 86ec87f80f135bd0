import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { documentQuery, refreshLists } from "@/features/documents/queries";
import { announce } from "@/lib/announce";
import type { TidingsDocument } from "@/lib/api-types";
import { followEvents } from "@/lib/event-feed";
import { updateListed } from "./list-cache";
import { noteStage } from "./uploads";

interface StageEvent {
  document_id: string;
  stage: string;
  document: TidingsDocument | null;
}

const REFRESH_MS = 1_500;

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
    const stop = followEvents("/v1/events", {
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
  if (stage === "ready" || stage === "failed" || stage === "received") refreshSoon();
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
