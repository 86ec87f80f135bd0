/** How a streamed answer grows: one pure step per server-sent event. */
import type { Answer, Citation, Conflict, SearchFilters, Source } from "@/lib/api-types";
import { toProblem } from "@/lib/problem";
import { toApiFilters } from "@/lib/search-params";
import type { ServerEvent } from "@/lib/sse";

/** Quotes of the sources, or sentences that a language model writes from them. */
export type Mode = "extractive" | "generated";

export interface Step {
  name: string;
  detail: string;
  tookMs: number | null;
}

export interface DraftSentence {
  text: string;
  citations: Citation[];
  /** "supported" or "partly"; known when the answer is complete. */
  support?: string;
}

/** An answer while it is being written. `answer` is the final one, as stored. */
export interface Draft {
  id: string | null;
  /** The thread it goes on; one that it begins only when it is done, for no other answer is stored. */
  threadId: string | null;
  /** How it was asked to be made; the answer says how it was. */
  mode: Mode;
  question: string;
  filters: SearchFilters;
  phase: "running" | "done" | "failed" | "stopped";
  /** The connection broke and is being made again. */
  retrying: boolean;
  steps: Step[];
  sources: Source[];
  sentences: DraftSentence[];
  conflicts: Conflict[];
  answer: Answer | null;
  error: Error | null;
}

export const emptyDraft = (
  question: string,
  filters: SearchFilters,
  threadId: string | null,
  mode: Mode,
): Draft => ({
  id: null,
  threadId,
  mode,
  question,
  filters,
  phase: "running",
  retrying: false,
  steps: [],
  sources: [],
  sentences: [],
  conflicts: [],
  answer: null,
  error: null,
});

/** A stored answer as a draft: one that is still being written grows on from here. */
export const draftOf = (answer: Answer): Draft => ({
  ...emptyDraft(
    answer.question,
    { ...toApiFilters({}), ...(answer.filters as Partial<SearchFilters>) },
    answer.thread_id,
    answer.mode === "generated" ? "generated" : "extractive",
  ),
  id: answer.id,
  ...(answer.status !== "running" && { phase: answer.status === "stopped" ? "stopped" : "done", answer }),
  steps: answer.steps.map(({ name, detail, took_ms }) => ({ name, detail, tookMs: took_ms })),
  sources: answer.sources,
  sentences: answer.sentences,
  conflicts: answer.conflicts,
});

/** How much of an answer is here, as the server counts it (Last-Event-ID): steps, sources, and two parts per sentence. */
export function seenOf({ steps, sources, sentences }: Draft): string {
  const last = sentences.at(-1);
  const parts = 2 * sentences.length - (last && last.citations.length === 0 ? 1 : 0);
  return `${steps.length}.${sources.length > 0 ? 1 : 0}.${parts}`;
}

type Payload = Record<string, unknown>;

/** Apply one event. Unknown events and broken data leave the draft as it was. */
export function applyEvent(draft: Draft, { event, data }: ServerEvent): Draft {
  const payload = parse(data);
  if (!payload) return draft;
  switch (event) {
    case "accepted":
      return {
        ...draft,
        id: String(payload.answer_id),
        // As the server understood it: filters in the question are no part of it.
        ...(typeof payload.question === "string" && { question: payload.question }),
        filters: { ...draft.filters, ...(payload.filters as Partial<SearchFilters> | undefined) },
      };
    case "step":
      return { ...draft, steps: [...draft.steps, readStep(payload)] };
    case "sources":
      return { ...draft, sources: payload.sources as Source[] };
    case "delta":
      return withSentence(draft, payload, (sentence) => ({
        ...sentence,
        text: sentence.text + String(payload.text ?? ""),
      }));
    case "citation":
      return withSentence(draft, payload, (sentence) => ({
        ...sentence,
        citations: payload.citations as Citation[],
      }));
    case "conflicts":
      return { ...draft, conflicts: payload.conflicts as Conflict[] };
    case "done": {
      const answer = payload.answer as Answer;
      return {
        ...draft,
        id: answer.id,
        threadId: answer.thread_id,
        phase: answer.status === "stopped" ? "stopped" : "done",
        answer,
        sources: answer.sources,
        sentences: answer.sentences,
        conflicts: answer.conflicts,
      };
    }
    case "error":
      return { ...draft, phase: "failed", error: toProblem(payload) };
    default:
      return draft;
  }
}

function withSentence(
  draft: Draft,
  payload: Payload,
  change: (sentence: DraftSentence) => DraftSentence,
): Draft {
  const index = Number(payload.sentence);
  if (!Number.isInteger(index) || index < 0 || index > draft.sentences.length) return draft;
  const sentences = [...draft.sentences];
  sentences[index] = change(sentences[index] ?? { text: "", citations: [] });
  return { ...draft, sentences };
}

function readStep({ name, detail, took_ms }: Payload): Step {
  const words = typeof detail === "string" && detail !== "" ? detail : String(name ?? "");
  return { name: String(name ?? ""), detail: words, tookMs: typeof took_ms === "number" ? took_ms : null };
}

function parse(data: string): Payload | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as Payload) : null;
  } catch {
    return null;
  }
}
