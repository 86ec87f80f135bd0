/** A GET event stream that stays open: reconnects with growing pauses and resumes after the last event seen. */
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

  async function once(): Promise<boolean> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId !== null) headers["Last-Event-ID"] = lastId;
    const response = await fetch(url, { headers, signal: stop.signal, cache: "no-store" });
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
      const again = await once().catch(() => true);
      if (stop.signal.aborted) return;
      onConnected?.(false);
      if (!again) return;
      await sleep(pause, stop.signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  void forever();
  return () => stop.abort();
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
