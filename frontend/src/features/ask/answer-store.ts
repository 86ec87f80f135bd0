/** The answer that is being written now. Kept outside the screens: looking at a source must not stop it. */
import { useSyncExternalStore } from "react";
import { announce } from "@/lib/announce";
import { noticeSignedOut, queryClient } from "@/lib/api";
import type { SearchFilters } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { problemFrom, toProblem } from "@/lib/problem";
import { readEvents } from "@/lib/sse";
import { applyEvent, type Draft, emptyDraft } from "./answer-events";

export const answerKey = (answerId: string) => ["answer", answerId] as const;

const listeners = new Set<() => void>();
let draft: Draft | null = null;
let running: AbortController | null = null;

function publish(next: Draft | null): void {
  draft = next;
  for (const listener of listeners) listener();
}

export function useDraft(): Draft | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => draft,
  );
}

/** Ask, and let the draft grow until the answer is complete, fails or is stopped. */
export async function ask(
  question: string,
  filters: SearchFilters,
  onAccepted: (answerId: string) => void,
): Promise<void> {
  running?.abort();
  const own = new AbortController();
  running = own;
  publish(emptyDraft(question, filters));
  try {
    const response = await fetch("/v1/answers", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify({ question, filters, stream: true }),
      signal: own.signal,
    });
    if (!response.ok || !response.body) throw await problemFrom(response);
    for await (const event of readEvents(response.body)) {
      if (own.signal.aborted || !draft) return;
      publish(applyEvent(draft, event));
      if (event.event === "accepted" && draft.id) onAccepted(draft.id);
    }
    if (running === own) finish();
  } catch (error) {
    if (own.signal.aborted || !draft) return;
    noticeSignedOut(error);
    publish({ ...draft, phase: "failed", error: toProblem(error) });
  }
}

function finish(): void {
  if (!draft) return;
  if (draft.phase === "running") {
    publish({ ...draft, phase: "failed", error: toProblem(null) });
    return;
  }
  if (draft.answer) {
    queryClient.setQueryData(answerKey(draft.answer.id), draft.answer);
    announce(
      `Answer complete: ${plural(draft.sentences.length, "sentence")}, ${plural(draft.sources.length, "source")}`,
    );
  }
  void queryClient.invalidateQueries({ queryKey: ["answers"] });
}

/** Stop writing; the text so far stays. */
export function stopAnswer(): void {
  running?.abort();
  if (draft?.phase === "running") publish({ ...draft, phase: "stopped" });
  void queryClient.invalidateQueries({ queryKey: ["answers"] });
}
