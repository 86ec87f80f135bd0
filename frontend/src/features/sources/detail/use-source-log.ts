import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followEvents } from "@/lib/event-feed";
import { refreshSource } from "../queries";
import { type LogLine, logLine, readLogEvent, withLine } from "./log-lines";

const REFRESH_MS = 1_500;
const FRESH_MS = 60_000;

/** The steps of the visits to a source: those of the last day, then live. What is shown of the source follows. */
export function useSourceLog(sourceId: string): { lines: readonly LogLine[]; connected: boolean | null } {
  const queryClient = useQueryClient();
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [connected, setConnected] = useState<boolean | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let counter = 0;
    const stop = followEvents(`/v1/sources/${encodeURIComponent(sourceId)}/events`, {
      onConnected: setConnected,
      onEvent: ({ event, data, id }) => {
        const step = event === "log" ? readLogEvent(data) : null;
        if (!step) return;
        counter += 1;
        setLines((before) => withLine(before, logLine(step, id ?? `line-${counter}`)));
        // The stream begins with the past, which the figures know already.
        if (Date.now() - Date.parse(step.at) > FRESH_MS) return;
        timer ??= setTimeout(() => {
          timer = undefined;
          refreshSource(queryClient, sourceId);
        }, REFRESH_MS);
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [queryClient, sourceId]);
  return { lines, connected };
}
