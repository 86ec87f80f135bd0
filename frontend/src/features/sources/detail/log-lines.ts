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

const TONES: readonly (readonly [RegExp, Tone])[] = [
  [/fail|error|lost/, "failure"],
  [/refus|reserv|partial|rest|wait|interrupt|limit/, "warning"],
  [/stor|new|succe|finish|done/, "good"],
  [/unchanged|duplicate|known|skip/, "quiet"],
];

const FIGURES: Record<string, (value: number) => string> = {
  bytes: bytes,
  byte_count: bytes,
  ms: took,
  milliseconds: took,
  duration_ms: took,
  seconds: (value) => took(value * 1_000),
  status: (value) => `HTTP ${value}`,
  http_status: (value) => `HTTP ${value}`,
};
/** Said elsewhere on the line, or of use to programs only. */
const UNSAID = new Set(["url", "title", "run_id", "item_id", "document_id", "source_id", "job_id", "state"]);

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
  // A step about one URL names the state it ended in; that says more than the name of the step.
  const word = typeof detail.state === "string" ? detail.state : stage;
  return {
    id,
    jobId: event.job_id,
    at: event.at,
    time: clock.format(Date.parse(event.at)),
    word: word.replaceAll("_", " "),
    tone: TONES.find(([pattern]) => pattern.test(word))?.[1] ?? "plain",
    url: typeof detail.url === "string" ? safeLink(detail.url) : null,
    facts: factsOf(detail),
  };
}

function factsOf(detail: LogEvent["detail"]): string {
  const facts: string[] = [];
  for (const [name, value] of Object.entries(detail)) {
    if (UNSAID.has(name) || value === null || value === "" || value === false) continue;
    const figure = FIGURES[name];
    if (figure && typeof value === "number") facts.push(figure(value));
    else if (name === "detail" || name === "reason") facts.push(String(value).replaceAll("_", " "));
    else if (value === true) facts.push(name.replaceAll("_", " "));
    else if (typeof value === "number") {
      if (value !== 0) facts.push(`${number(value)} ${name.replaceAll("_", " ")}`);
    } else facts.push(`${name.replaceAll("_", " ")} ${value}`);
  }
  return facts.join(", ");
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
