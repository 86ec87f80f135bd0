/** The answer that is being written now. Kept outside the screens: looking at a source must not stop it. */
import { useSyncExternalStore } from "react";
import { answersCancel } from "@/client";
import { announce } from "@/lib/announce";
import { noticeSignedOut, queryClient } from "@/lib/api";
import type { Answer, SearchFilters } from "@/lib/api-types";
import { plural } from "@/lib/format";
import { ApiProblem, isMissing, problemFrom, toProblem } from "@/lib/problem";
import { readEvents } from "@/lib/sse";
import { applyEvent, type Draft, draftOf, emptyDraft, type Mode, seenOf } from "./answer-events";

export const answerKey = (answerId: string) => ["answer", answerId] as const;
export const threadKey = (threadId: string) => ["thread", threadId] as const;

const FIRST_PAUSE_MS = 500;
// After the pauses of six tries, which grow to 16 s, half a minute is over.
const MOST_TRIES = 6;

type Request = (signal: AbortSignal) => Promise<Response>;

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

/** Ask, in a thread or a new one, and let the draft grow until the answer is complete, fails or is stopped. */
export async function ask(
  question: string,
  filters: SearchFilters,
  threadId: string | null,
  mode: Mode,
  onAccepted: (answerId: string) => void,
): Promise<void> {
  const body = { question, filters, thread_id: threadId, mode, utc_offset: -new Date().getTimezoneOffset() };
  await grow(
    emptyDraft(question, filters, threadId, mode),
    (signal) =>
      fetch("/v1/answers", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
        body: JSON.stringify({ ...body, stream: true }),
        signal,
      }),
    onAccepted,
  );
}

/** Go on showing an answer that somebody, or this page before it was reloaded, asked for. Nothing is asked again. */
export async function resume(answer: Answer): Promise<void> {
  if (draft?.id === answer.id && draft.phase === "running") return;
  const started = draftOf(answer);
  await grow(started, follow(answer.id, seenOf(started)), () => undefined);
}

const follow =
  (answerId: string, lastId: string): Request =>
  (signal) =>
    fetch(`/v1/answers/${encodeURIComponent(answerId)}/events`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": lastId },
      cache: "no-store",
      signal,
    });

/** Read events into a draft. A connection that breaks is made again where it broke: the server writes on meanwhile. */
async function grow(start: Draft, first: Request, onAccepted: (answerId: string) => void): Promise<void> {
  running?.abort();
  const own = new AbortController();
  running = own;
  publish(start);
  let request = first;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    try {
      const response = await request(own.signal);
      if (!response.ok || !response.body) throw await problemFrom(response);
      for await (const event of readEvents(response.body)) {
        if (own.signal.aborted || !draft) return;
        tries = 0;
        const known = draft.id;
        publish({ ...applyEvent(draft, event), retrying: false });
        if (event.event === "accepted" && draft.id && draft.id !== known) {
          onAccepted(draft.id);
          void queryClient.invalidateQueries({ queryKey: ["threads"] });
        }
        // Stopped before the server had said what to stop.
        if (draft.id && draft.phase === "stopped" && !draft.answer) return stopAnswer();
      }
      if (draft?.phase !== "running") return finish();
    } catch (error) {
      if (own.signal.aborted || !draft) return;
      if (!mayComeBack(error) || !draft.id) {
        noticeSignedOut(error);
        return publish({ ...draft, phase: "failed", error: toProblem(error) });
      }
    }
    if (!draft?.id) break;
    publish({ ...draft, retrying: true });
    await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** tries));
    if (own.signal.aborted || !draft?.id) return;
    request = follow(draft.id, seenOf(draft));
  }
  if (draft) publish({ ...draft, retrying: false, phase: "failed", error: toProblem(null) });
}

/** The connection broke; or the answer, which is stored when it is complete, is not there yet. */
function mayComeBack(error: unknown): boolean {
  const problem = toProblem(error);
  return (
    problem instanceof ApiProblem && (problem.status === 0 || problem.status >= 502 || isMissing(problem))
  );
}

function finish(): void {
  if (draft?.answer) {
    keep(draft.answer);
    announce(
      `Answer ${draft.phase === "stopped" ? "stopped" : "complete"}: ${plural(draft.sentences.length, "sentence")}, ${plural(draft.sources.length, "source")}`,
    );
  }
  void queryClient.invalidateQueries({ queryKey: ["threads"] });
}

function keep(answer: Answer): void {
  queryClient.setQueryData(answerKey(answer.id), answer);
  void queryClient.invalidateQueries({ queryKey: threadKey(answer.thread_id) });
}

/** Leave the answer that was written last: what is asked next begins a thread. */
export function forget(): void {
  running?.abort();
  publish(null);
}

/** Stop writing, here and on the server, where the model's request ends too; the text so far stays. */
export async function stopAnswer(): Promise<void> {
  if (!draft) return;
  publish({ ...draft, phase: "stopped" });
  const { id } = draft;
  if (!id) return;
  running?.abort();
  try {
    const { data: answer } = await answersCancel({ path: { answer_id: id } });
    keep(answer);
    // An answer that was complete before the stop arrived is shown as what it is.
    if (draft?.id === id) publish({ ...draftOf(answer), retrying: false });
  } catch (error) {
    // An answer of quotes is stored only when it is complete; there is nothing to stop then.
    if (!isMissing(error) && draft?.id === id)
      publish({ ...draft, phase: "failed", error: toProblem(error) });
  }
  void queryClient.invalidateQueries({ queryKey: ["threads"] });
}
