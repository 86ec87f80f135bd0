/**
 * A GET event stream that stays open: reconnects with growing pauses and resumes after the last event seen.
 *
 * Only a page that somebody sees holds one. A browser opens six connections to a server, for all tabs and all pages that
 * it keeps to go back to; streams of pages in the background would use them up, and the next page would not load.
 */
import { problemFrom } from "./problem";
import { readEvents, type ServerEvent } from "./sse";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;

export interface FeedHandlers {
  onEvent: (event: ServerEvent) => void;
  onConnected?: (connected: boolean) => void;
}

/** Follow `url` until the returned function is called. A 401, 403 or 404 ends the feed for good. */
export function followEvents(url: string, { onEvent, onConnected }: FeedHandlers): () => void {
  const stop = new AbortController();
  let lastId: string | null = null;
  let pause = FIRST_PAUSE_MS;

  async function once(signal: AbortSignal): Promise<boolean> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId !== null) headers["Last-Event-ID"] = lastId;
    const response = await fetch(url, { headers, signal, cache: "no-store" });
    if ([401, 403, 404].includes(response.status)) return false;
    if (!response.ok || !response.body) throw await problemFrom(response);
    onConnected?.(true);
    for await (const event of readEvents(response.body)) {
      pause = FIRST_PAUSE_MS;
      if (event.id !== null) lastId = event.id;
      onEvent(event);
    }
    return true;
  }

  async function forever(): Promise<void> {
    while (!stop.signal.aborted) {
      await seen(stop.signal);
      const hidden = new AbortController();
      const unwatch = whenHidden(() => hidden.abort());
      const again = await once(AbortSignal.any([stop.signal, hidden.signal])).catch(() => true);
      unwatch();
      if (stop.signal.aborted) return;
      onConnected?.(false);
      if (!again) return;
      if (hidden.signal.aborted) continue;
      await sleep(pause, stop.signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  void forever();
  return () => stop.abort();
}

/** Calls back when the page goes into the background or is left; the returned function stops listening. */
function whenHidden(then: () => void): () => void {
  const changed = () => {
    if (document.visibilityState === "hidden") then();
  };
  document.addEventListener("visibilitychange", changed);
  return () => document.removeEventListener("visibilitychange", changed);
}

/** Resolves once somebody sees the page, or when the signal ends the wait. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "hidden" && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
