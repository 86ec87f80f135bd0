/** The steps of a crawl as lines that can be read: "12:01:07 stored https://... 48 kB, 210 ms". */
import type { LogEvent } from "@/lib/api-types";
import { bytes, number, safeLink, took } from "@/lib/format";

export type Tone = "plain" | "quiet" | "good" | "warning" | "failure";

export interface LogLine {
  id: string;
  jobId: string;
  at: string;
  time: string;
  word: string;
  tone: Tone;
  url: string | null;
  /** Figures, reasons and whatever else the step says, in one line. */
  facts: string;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const TONES: Record<string, Tone> = {
  stored: "good",
  succeeded: "good",
  duplicate: "quiet",
  unchanged: "quiet",
  waiting: "warning",
  interrupted: "warning",
  partial: "warning",
  refused: "warning",
  reserved: "warning",
  failed: "failure",
};

/** The words of steps that are not states of a URL. */
const WORDS: Record<string, string> = { received: "asked for", polled: "looked at" };

/** How a visit ended, in words. */
const ENDS: Record<string, string> = { partial: "in part" };

/** The figures and reasons of a step, in the order they are said. What is not listed is for programs. */
const FACTS: Record<string, (value: string | number) => string> = {
  status: (value) =>
    value === 200 ? "" : typeof value === "number" ? `HTTP ${value}` : (ENDS[value] ?? value),
  seen: (value) => `${number(Number(value))} seen`,
  new: (value) => `${number(Number(value))} new`,
  bytes: (value) => bytes(Number(value)),
  ms: (value) => took(Number(value)),
  detail: String,
  reason: (value) => String(value).replaceAll("_", " "),
  until: (value) => `until ${clock.format(Date.parse(String(value)))}`,
};

/** Read one event of the stream; null for what is none. */
export function readLogEvent(data: string): LogEvent | null {
  try {
    const value = JSON.parse(data) as Partial<LogEvent> | null;
    if (!value || typeof value.stage !== "string" || typeof value.at !== "string") return null;
    return {
      job_id: String(value.job_id ?? ""),
      source_id: String(value.source_id ?? ""),
      at: value.at,
      stage: value.stage,
      detail: typeof value.detail === "object" && value.detail ? value.detail : {},
    };
  } catch {
    return null;
  }
}

export function logLine(event: LogEvent, id: string): LogLine {
  const { detail, stage } = event;
  const outcome = outcomeOf(event);
  return {
    id,
    jobId: event.job_id,
    at: event.at,
    time: clock.format(Date.parse(event.at)),
    word: WORDS[stage] ?? stage.replaceAll("_", " "),
    tone: TONES[outcome] ?? "plain",
    url: typeof detail.url === "string" ? safeLink(detail.url) : null,
    facts: factsOf(detail),
  };
}

/** How a step ended: a look that found a problem failed, an end is what its status says. */
function outcomeOf({ stage, detail }: LogEvent): string {
  if (stage === "finished") return String(detail.status ?? "");
  return stage === "polled" && detail.reason ? "failed" : stage;
}

function factsOf(detail: LogEvent["detail"]): string {
  return Object.entries(FACTS)
    .filter(([name]) => !(name === "reason" && detail.detail))
    .map(([name, say]) => {
      const value = detail[name];
      return typeof value === "string" || typeof value === "number" ? say(value) : "";
    })
    .filter(Boolean)
    .join(", ");
}

const LONGEST = 90;

/** An address as it is shown in the log: on the source's own site its path is enough. */
export function shortAddress(url: string, home: string): string {
  const { origin } = new URL(url);
  const shown =
    safeLink(home)?.startsWith(`${origin}/`) && url !== `${origin}/` ? url.slice(origin.length) : url;
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 1)}\u2026` : shown;
}

const KEPT = 400;

/** Lines with one more; the oldest go. A line that is there already is not added again. */
export function withLine(lines: readonly LogLine[], line: LogLine): readonly LogLine[] {
  if (lines.some((known) => known.id === line.id)) return lines;
  return [...lines, line].slice(-KEPT);
}
